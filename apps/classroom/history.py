"""Going back in the board's history, wherever the room may be open."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from apps.classroom import blobs, folding, store
from apps.classroom.models import BoardVersion
from apps.classroom.realtime import control
from apps.classroom.versions import keep_version, updates_of
from apps.common.errors import service_unavailable


def version_state(version: BoardVersion) -> bytes:
    """As one Yjs update."""
    try:
        return folding.merged_into_one(updates_of(version))
    except (blobs.NewerFormat, folding.WorkFailed) as exc:
        raise service_unavailable() from exc


def restore_board(*, session_id: int, room: UUID, version: BoardVersion) -> None:
    """What the board is now is kept in the history first; the change reaches open boards as any
    other does."""
    present = store.load([session_id])[session_id]
    try:
        update = folding.restored(present.updates, updates_of(version))
    except (blobs.NewerFormat, folding.WorkFailed) as exc:
        raise service_unavailable() from exc
    if present.is_newer:
        raise service_unavailable()
    # In two transactions: a version too many does no harm, and packing it takes its time.
    keep_version(session_id, present.updates, now=timezone.now(), at_least=timedelta())
    store.append({session_id: [update]})
    control.draw(room, update)
