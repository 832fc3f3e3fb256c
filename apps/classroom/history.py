"""Restore a version of the board; processes that have the room open are notified."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.classroom import blobs, board_log, compaction
from apps.classroom.models import BoardVersion
from apps.classroom.realtime import notify
from apps.classroom.realtime.board.yproto import EMPTY_UPDATE
from apps.classroom.upload_limits import check_quota
from apps.classroom.versions import save_version, version_updates
from apps.common.errors import not_found, service_unavailable

MAX_CONCURRENT = 2  # versions read or restored at once; each holds a page thread and a subprocess
MAX_WAIT = 1.0  # seconds; the caller holds a page thread meanwhile
_slots = threading.BoundedSemaphore(MAX_CONCURRENT)


@contextmanager
def _acquire_slot() -> Iterator[None]:
    """Leave page threads free for other requests. Raises `service_unavailable`."""
    if not _slots.acquire(timeout=MAX_WAIT):
        raise service_unavailable()
    try:
        yield
    finally:
        _slots.release()


@_acquire_slot()
def encode_board(session_id: int) -> bytes:
    """Return the stored board as one Yjs update. Raises `service_unavailable`."""
    updates = board_log.load([session_id])[session_id].updates
    try:
        return compaction.merge_in_subprocess(updates) if updates else EMPTY_UPDATE
    except compaction.SubprocessFailed as exc:
        raise service_unavailable() from exc


@_acquire_slot()
def encode_version(version: BoardVersion) -> bytes:
    """Return a version as one Yjs update. Raises `not_found` or `service_unavailable`."""
    try:
        return compaction.merge_in_subprocess(_readable_updates(version))
    except (blobs.NewerFormat, compaction.SubprocessFailed) as exc:
        raise service_unavailable() from exc


def _readable_updates(version: BoardVersion) -> list[bytes]:
    """Raise `not_found` if a version is unreadable: restoring it would empty the board."""
    updates = version_updates(version)
    if not compaction.check_readable_in_subprocess(updates):
        raise not_found(_("This version cannot be read. Choose another one."))
    return updates


@_acquire_slot()
def restore_board(*, session_id: int, tutor_id: int, room: UUID, version: BoardVersion) -> None:
    """Save the current board as a version, then restore `version` as an ordinary update.

    Raises `not_found`, `service_unavailable`, or `storage_full` over the tutor's quota.
    """
    current = board_log.load([session_id])[session_id]
    try:
        update = compaction.restore_in_subprocess(current.updates, _readable_updates(version))
    except (blobs.NewerFormat, compaction.SubprocessFailed) as exc:
        raise service_unavailable() from exc
    if current.is_newer:
        raise service_unavailable()
    # Two transactions: a superfluous version does no harm, and compressing it is slow.
    save_version(session_id, current.updates, now=timezone.now(), at_least=timedelta())
    with transaction.atomic():
        check_quota(tutor_id, len(update))
        board_log.append({session_id: [update]})
    notify.draw(room, update)
