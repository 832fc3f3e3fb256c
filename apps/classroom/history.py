"""Going back in the board's history, wherever the room may be open."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.classroom import blobs, board_log, compaction
from apps.classroom.models import BoardVersion
from apps.classroom.realtime import notify
from apps.classroom.versions import save_version, version_updates
from apps.common.errors import not_found, service_unavailable


def version_state(version: BoardVersion) -> bytes:
    """As one Yjs update."""
    try:
        return compaction.merge_updates_to_one(_readable_updates(version))
    except (blobs.NewerFormat, compaction.WorkFailed) as exc:
        raise service_unavailable() from exc


def _readable_updates(version: BoardVersion) -> list[bytes]:
    """Raises `not_found`: an unreadable version restored would leave an empty board."""
    updates = version_updates(version)
    if not compaction.all_updates_readable(updates):
        raise not_found(_("This version cannot be read. Choose another one."))
    return updates


def restore_board(*, session_id: int, room: UUID, version: BoardVersion) -> None:
    """What the board is now is kept in the history first; the change reaches open boards as any
    other does."""
    present = board_log.load([session_id])[session_id]
    try:
        update = compaction.restoring_update_of(present.updates, _readable_updates(version))
    except (blobs.NewerFormat, compaction.WorkFailed) as exc:
        raise service_unavailable() from exc
    if present.is_newer:
        raise service_unavailable()
    # In two transactions: a version too many does no harm, and packing it takes its time.
    save_version(session_id, present.updates, now=timezone.now(), at_least=timedelta())
    board_log.append({session_id: [update]})
    notify.draw(room, update)
