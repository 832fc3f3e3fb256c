"""How much pictures may take: of a person's minute, of a tutor's quota and of the disk."""

import time

from django.conf import settings
from django.core.cache import cache
from django.db.models import Sum
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.classroom.models import BoardFile
from apps.common.disk import has_free_space
from apps.common.errors import storage_full, throttled

WINDOW = 60  # seconds
BYTES_PER_WINDOW = 100 * 1024 * 1024
# Whatever its size, a picture costs a request, a file and a row: 200 of them in a window.
SMALLEST_CHARGE = BYTES_PER_WINDOW // 200


def check_upload_rate(person: str, size: int) -> None:
    """Raises `throttled` once the person's bytes of this minute are spent."""
    if not settings.THROTTLING:
        return
    window, elapsed = divmod(int(time.time()), WINDOW)
    key = f"uploaded:{person}:{window}"
    charge = max(size, SMALLEST_CHARGE)
    cache.add(key, 0, 2 * WINDOW)
    if cache.incr(key, charge) > BYTES_PER_WINDOW:
        raise throttled(WINDOW - elapsed, _("Too many pictures at once. Wait a minute."))


def check_free_space(size: int) -> None:
    """Raises `storage_full`."""
    if not has_free_space(size):
        raise storage_full()


def check_quota(tutor_id: int, size: int) -> None:
    """Raises `storage_full` where the tutor's rooms would hold more than they may.

    Called in the transaction that adds the row: it holds a lock on the tutor, so that of two
    uploads at once the second counts the first.
    """
    _lock_tutor(tutor_id)
    of_tutor = BoardFile.objects.filter(session__lesson__tutor=tutor_id)
    used = of_tutor.aggregate(total=Sum("size", default=0))["total"]
    if used + size > settings.STORAGE_QUOTA_MB * 1024 * 1024:
        raise storage_full(
            _("The pictures of this tutor’s lessons take up all their space (%(mb)s MB).")
            % {"mb": settings.STORAGE_QUOTA_MB}
        )


def _lock_tutor(tutor_id: int) -> None:
    User.objects.select_for_update(no_key=True).only("pk").get(pk=tutor_id)
