"""Refreshes calendars in a thread of its own, so that slow servers delay no mail or reminders."""

import logging
import threading
from datetime import datetime

from django.db import connections

from apps.booking.calendars.services import refresh_due

_running = threading.Lock()
log = logging.getLogger("kreida.calendars")


def refresh_in_background(now: datetime) -> threading.Thread | None:
    """Return at once; None if the thread of an earlier call is still busy, which goes on."""
    if not _running.acquire(blocking=False):
        return None
    thread = threading.Thread(target=_refresh, args=(now,), name="calendars", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no thread to be had
        _running.release()
        raise
    return thread


def _refresh(now: datetime) -> None:
    try:
        refresh_due(now)
    except Exception:  # the next run tries again
        log.exception("calendars could not be refreshed")
    finally:
        try:
            connections.close_all()
        finally:
            _running.release()
