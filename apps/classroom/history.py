"""Going back in the board's history, wherever the room may be open."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.classroom import store
from apps.classroom.models import BoardVersion
from apps.classroom.realtime import control


def restore_board(*, session_id: int, room: UUID, version: BoardVersion) -> None:
    """What the board is now is kept in the history first; the change reaches open boards as any
    other does."""
    with transaction.atomic():
        state = store.document(session_id).get_update()
        store.keep_version(session_id, state, now=timezone.now(), at_least=timedelta())
        update = store.restore(session_id, bytes(version.state))
        transaction.on_commit(lambda: control.draw(room, update))
