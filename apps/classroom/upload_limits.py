"""Limits of what is stored: uploads per person and minute, a tutor's quota, free disk space."""

import time
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import QuerySet, Sum
from django.db.models.functions import Length
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.classroom.lessons import get_lessons
from apps.classroom.models import BoardFile, BoardSnapshot, BoardUpdate
from apps.common.counters import count_up
from apps.common.disk import has_free_space
from apps.common.errors import storage_full, throttled

WINDOW = 60  # seconds
NEARLY_FULL = 80  # percent of a quota, from which on its tutor is warned
BYTES_PER_WINDOW = 100 * 1024 * 1024
# Bytes that a smaller picture counts as, so that at most 200 are uploaded in a window.
MIN_CHARGE = BYTES_PER_WINDOW // 200


def check_upload_rate(person: str, size: int) -> None:
    """Count an upload of `size` bytes. Raises `throttled` above the person's limit per window."""
    if not settings.THROTTLING:
        return
    window, elapsed = divmod(int(time.time()), WINDOW)
    key = f"uploaded:{person}:{window}"
    charge = max(size, MIN_CHARGE)
    if count_up(key, charge, WINDOW) > BYTES_PER_WINDOW:
        raise throttled(WINDOW - elapsed, _("Too many pictures at once. Wait a minute."))


def check_free_space(size: int) -> None:
    """Raise `storage_full` if the disk has no space for `size` bytes."""
    if not has_free_space(size):
        raise storage_full()


def check_quota(tutor_id: int, size: int) -> None:
    """Raise `storage_full` if `size` more bytes would exceed the tutor's quota.

    Call it in the transaction that adds the row: it locks the tutor's row, so that the second of
    two concurrent uploads counts the first.
    """
    _lock_tutor(tutor_id)
    if count_stored_bytes(tutor_id) + size > quota():
        raise storage_full(
            _("There is no space left in this tutor’s lessons: pictures and boards fill %(mb)s MB.")
            % {"mb": settings.STORAGE_QUOTA_MB}
        )


class Storage(NamedTuple):
    used: int  # bytes
    quota: int

    @property
    def percent(self) -> int:
        return self.used * 100 // self.quota

    @property
    def is_nearly_full(self) -> bool:
        return self.percent >= NEARLY_FULL

    @property
    def is_full(self) -> bool:
        return self.used >= self.quota


def load_storage(tutor_id: int) -> Storage:
    return Storage(count_stored_bytes(tutor_id), quota())


def quota() -> int:
    """Return the bytes that each tutor's pictures and boards may take."""
    return settings.STORAGE_QUOTA_MB * 1024 * 1024


def count_stored_bytes(tutor_id: int) -> int:
    """Return the bytes of the pictures and boards in a tutor's rooms.

    Not of the history, which keeps what was deleted and is thinned out by itself.
    """
    rooms = {"session__lesson__in": get_lessons().taught_by(tutor_id)}
    parts: tuple[tuple[QuerySet[Any], Any], ...] = (
        (BoardFile.objects.filter(**rooms), "size"),
        (BoardSnapshot.objects.filter(**rooms), Length("state")),
        (BoardUpdate.objects.filter(**rooms), Length("data")),
    )
    return sum(rows.aggregate(total=Sum(size, default=0))["total"] for rows, size in parts)


def _lock_tutor(tutor_id: int) -> None:
    User.objects.select_for_update(no_key=True).only("pk").get(pk=tutor_id)
