"""The periodic job of reminders."""

from datetime import datetime, timedelta

from apps.lessons.reminders.delivery import send_queued
from apps.lessons.reminders.queue import queue_due

INTERVAL = timedelta(minutes=1)


def remind(now: datetime) -> None:
    queue_due(now)
    send_queued(now)
