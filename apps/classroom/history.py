"""Going back in the board's history, wherever the room may be open."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.classroom import blobs, folding, store
from apps.classroom.models import BoardVersion
from apps.classroom.realtime import control
from apps.classroom.versions import keep_version, updates_of
from apps.common.errors import not_found, service_unavailable


def version_state(version: BoardVersion) -> bytes:
    """As one Yjs update."""
    try:
        return folding.merged_into_one(_readable_updates(version))
    except (blobs.NewerFormat, folding.WorkFailed) as exc:
        raise service_unavailable() from exc


def _readable_updates(version: BoardVersion) -> list[bytes]:
    """Raises `not_found`: an unreadable version restored would leave an empty board."""
    updates = updates_of(version)
    if not folding.all_readable(updates):
        raise not_found(_("This version cannot be read. Choose another one."))
    return updates


def restore_board(*, session_id: int, room: UUID, version: BoardVersion) -> None:
    """What the board is now is kept in the history first; the change reaches open boards as any
    other does."""
    present = store.load([session_id])[session_id]
    try:
        update = folding.restored(present.updates, _readable_updates(version))
    except (blobs.NewerFormat, folding.WorkFailed) as exc:
        raise service_unavailable() from exc
    if present.is_newer:
        raise service_unavailable()
    # In two transactions: a version too many does no harm, and packing it takes its time.
    keep_version(session_id, present.updates, now=timezone.now(), at_least=timedelta())
    store.append({session_id: [update]})
    control.draw(room, update)
