"""Messages from the other processes about a room: one handler function per message type."""

import logging
from collections.abc import Callable, Coroutine
from typing import Any

from apps.classroom.realtime.board import yproto
from apps.classroom.realtime.board.chunks import LARGE
from apps.classroom.realtime.board.update_scan import scan_trusted
from apps.classroom.realtime.board.varints import Malformed
from apps.classroom.realtime.cluster import messages
from apps.classroom.realtime.server.room import Room

log = logging.getLogger("kreida.room")

Work = Coroutine[Any, Any, None]
Handler = Callable[[Room, str, Any], Work | None]


def receive(room: Room, process: str, message: messages.BusMessage) -> Work | None:
    """Handle a message; return what is left to do in a task of its own, if anything is."""
    try:
        return HANDLERS[type(message)](room, process, message)
    except Malformed:
        log.exception("a message from another process could not be read")
        return None


def board_frame(room: Room, process: str, message: messages.BoardFrame) -> Work | None:
    frame = message.data
    if frame[0] == yproto.AWARENESS:
        room.board.apply_remote_awareness(process, yproto.read_awareness(frame))
        return None
    update = yproto.read_sync(frame).payload
    if len(update) >= LARGE:
        return room.board.apply_stored_update(update)
    checked = scan_trusted(update)
    if room.board.document.may_block(checked):
        return room.board.apply_stored_conflicts(checked)
    room.board.apply_stored_scan(checked)
    return None


def broadcast(room: Room, process: str, message: messages.Broadcast) -> None:
    room.deliver_broadcast(message.frame, message.audience)


def local_peers(room: Room, process: str, message: messages.LocalPeers) -> None:
    room.presence.update_process(process, message.peers)


def hello(room: Room, process: str, message: messages.Hello) -> None:
    room.publish_presence()
    room.board.publish_awareness()


def deny(room: Room, process: str, message: messages.Deny) -> None:
    room.close_waiting(message.person)


def diff_request(room: Room, process: str, message: messages.DiffRequest) -> None:
    room.board.publish_missing(message.state_vector)
    if message.back:
        room.request_diff(back=False)


def recheck(room: Room, process: str, message: messages.Recheck) -> Work:
    return room.recheck()


HANDLERS: dict[type[messages.BusMessage], Handler] = {
    messages.BoardFrame: board_frame,
    messages.Broadcast: broadcast,
    messages.LocalPeers: local_peers,
    messages.Hello: hello,
    messages.Deny: deny,
    messages.DiffRequest: diff_request,
    messages.Recheck: recheck,
}
