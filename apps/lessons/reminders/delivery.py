"""Sends what waits for push services and Telegram; mail has a queue of its own.

A worker claims rows before it sends them, so that no other does. If it dies in between, a push
message is sent again, because browsers show a second one with the same tag in place of the first;
Telegram would show both, so there it counts as sent perhaps.
"""

import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils import timezone

from apps.accounts.models import PushSubscription, TelegramChat
from apps.accounts.notifications import push, telegram
from apps.accounts.notifications.push import Outcome, Result
from apps.common import worker
from apps.common.db import delete_in_batches
from apps.lessons.models import Reminder
from apps.lessons.reminders.checks import Context, load_context
from apps.lessons.reminders.texts import push_message, telegram_text

JOB_NAME = "reminders"
BATCH = 64
THREADS = 8
RUN_TIME = 20.0  # seconds; then the worker's other jobs get their turn
LEASE = timedelta(minutes=5)  # after which a worker that claimed rows counts as dead
KEPT = timedelta(days=7)
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=30), timedelta(hours=1)
Send = Callable[[], Outcome]


def send_queued(now: datetime) -> None:
    """Send what is due, in threads: a push service may take seconds to answer."""
    _give_up_unconfirmed(now)
    deadline = time.monotonic() + RUN_TIME
    run = _Run()
    with ThreadPoolExecutor(THREADS, thread_name_prefix="reminders") as pool:
        while batch := _claim(now):
            run.deliver(batch, pool, now)
            if worker.is_stopping():
                return
            if time.monotonic() > deadline:
                worker.run_soon(JOB_NAME)
                return


def _queued() -> "QuerySet[Reminder]":
    return Reminder.objects.filter(status=Reminder.Status.QUEUED)


def _give_up_unconfirmed(now: datetime) -> None:
    died = _queued().filter(channel=Reminder.Channel.TELEGRAM, try_at__lte=now).exclude(claim="")
    died.update(status=Reminder.Status.DROPPED, reason=Reminder.Reason.UNCERTAIN, finished_at=now)


def _claim(now: datetime) -> list[Reminder]:
    """Take due rows for LEASE; of two workers that see the same row, one gets it."""
    due = _queued().filter(try_at__lte=now)
    keys = list(due.order_by("try_at", "pk").values_list("pk", flat=True)[:BATCH])
    if not keys:
        return []
    claim = uuid.uuid4().hex
    due.filter(pk__in=keys).update(claim=claim, try_at=now + LEASE, attempts=F("attempts") + 1)
    mine = Reminder.objects.filter(pk__in=keys, claim=claim)
    return list(mine.select_related("lesson", "user"))


class _Run:
    """One run over the queue; it stops asking a service that does not answer."""

    def __init__(self) -> None:
        self._down: set[str] = set()

    def deliver(self, batch: list[Reminder], pool: ThreadPoolExecutor, now: datetime) -> None:
        context = load_context(batch)
        subscriptions = _load_subscriptions(batch, now)
        chats = _load_chats(batch)
        running = []
        for reminder in batch:
            if reason := context.find_reason_to_drop(reminder, now):
                _finish(reminder, Reminder.Status.DROPPED, reason)
            elif (wait_until := context.send_time(reminder, now)) > now:
                _put_back(reminder, wait_until)
            elif send := self._prepare(reminder, context, subscriptions, chats, now):
                running.append((reminder, pool.submit(send)))
            else:
                _finish(reminder, Reminder.Status.DROPPED, Reminder.Reason.UNREACHABLE)
        for reminder, future in running:
            _record(reminder, future.result(), now)

    def _prepare(
        self,
        reminder: Reminder,
        context: Context,
        subscriptions: dict[int, PushSubscription],
        chats: dict[int, int],
        now: datetime,
    ) -> Send | None:
        """None if the person can no longer be reached this way."""
        if reminder.channel == Reminder.Channel.PUSH:
            subscription = subscriptions.get(reminder.target)
            if subscription is None or subscription.user_id != reminder.user_id:
                return None
            message = push_message(reminder, context.use_end(reminder))
            host = urlsplit(subscription.endpoint).netloc
            return lambda: self._send(host, lambda: push.send(subscription, message, now))
        chat_id = chats.get(reminder.user_id)
        if chat_id is None or not settings.TELEGRAM_BOT_TOKEN:
            return None
        text = telegram_text(reminder)
        return lambda: self._send("telegram", lambda: telegram.send_text(chat_id, text))

    def _send(self, host: str, send: Send) -> Outcome:
        if host in self._down:
            return Outcome(Result.FAILED, "the service is down")
        outcome = send()
        if outcome.result in (Result.FAILED, Result.UNCERTAIN):
            self._down.add(host)
        return outcome


def _load_subscriptions(batch: Iterable[Reminder], now: datetime) -> dict[int, PushSubscription]:
    targets = [each.target for each in batch if each.channel == Reminder.Channel.PUSH]
    found = PushSubscription.objects.with_session(now).filter(pk__in=targets)
    return {each.pk: each for each in found.select_related("user") if each.is_usable}


def _load_chats(batch: Iterable[Reminder]) -> dict[int, int]:
    people = [each.user_id for each in batch if each.channel == Reminder.Channel.TELEGRAM]
    return dict(TelegramChat.objects.filter(user__in=people).values_list("user", "chat_id"))


def _record(reminder: Reminder, outcome: Outcome, now: datetime) -> None:
    if outcome.result is Result.SENT:
        _finish(reminder, Reminder.Status.SENT)
    elif outcome.result is Result.FAILED:
        delay = min(FIRST_DELAY * (1 << min(reminder.attempts - 1, 10)), LONGEST_DELAY)
        _put_back(reminder, now + (outcome.retry_after or delay))
    elif outcome.result is Result.GONE:
        _end_channel(reminder)
        _finish(reminder, Reminder.Status.DROPPED, Reminder.Reason.UNREACHABLE)
    elif outcome.result is Result.UNCERTAIN:
        _finish(reminder, Reminder.Status.DROPPED, Reminder.Reason.UNCERTAIN)
    else:
        _finish(reminder, Reminder.Status.DROPPED, Reminder.Reason.REFUSED)


def _end_channel(reminder: Reminder) -> None:
    if reminder.channel == Reminder.Channel.PUSH:
        PushSubscription.objects.filter(pk=reminder.target).delete()
    else:
        TelegramChat.objects.filter(user=reminder.user_id).delete()


def _finish(reminder: Reminder, status: str, reason: str = "") -> None:
    _mine(reminder).update(status=status, reason=reason, finished_at=timezone.now(), claim="")


def _put_back(reminder: Reminder, try_at: datetime) -> None:
    _mine(reminder).update(try_at=try_at, claim="")


def _mine(reminder: Reminder) -> "QuerySet[Reminder]":
    """Empty if this process was suspended for longer than its lease and another has the row."""
    return Reminder.objects.filter(pk=reminder.pk, claim=reminder.claim)


def delete_old(now: datetime) -> None:
    """Reminders are kept for a while after the lesson, for the administrator."""
    delete_in_batches(Reminder.objects.filter(starts_at__lt=now - KEPT))
