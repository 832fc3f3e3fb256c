"""The events socket: one handler function per message type."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from django.core.exceptions import ObjectDoesNotExist
from django.utils import timezone

from apps.classroom import services
from apps.classroom.policies import may_remove
from apps.classroom.realtime.events import protocol as wire
from apps.classroom.realtime.events.protocol import Close
from apps.classroom.realtime.server import db
from apps.classroom.realtime.server.room import Room, as_message
from apps.classroom.realtime.server.sockets import Socket
from apps.common.dependency_failures import dependency_failure
from apps.common.errors import DomainError, service_unavailable
from apps.common.security_log import log_refusal, log_security_event
from apps.common.telemetry import telemetry

log = logging.getLogger("kreida.room")

Handler = Callable[[Room, Socket, Any], Awaitable[None]]


async def receive(room: Room, socket: Socket, frame: str) -> None:
    """Handle one frame: a bad message gets an error, a frame that is not JSON closes the socket."""
    try:
        message = wire.parse(frame)
    except wire.NotJson:
        socket.close(Close.MALFORMED)
        return
    except wire.BadMessage as exc:
        send_error(socket, exc.code, exc.detail, exc.ref)
        return
    if isinstance(message, wire.Ping):
        socket.push(wire.encode(wire.Pong()))
        return
    ref = str(type(message).__struct_config__.tag)
    present = room.presence.local.get(socket.peer)
    if present is None or present.waiting:
        _log_refusal(room, socket, ref, "waiting")
        send_error(socket, "waiting", "The tutor has not let you in yet.", ref)
    elif isinstance(message, wire.TUTOR_ONLY) and not socket.person.is_tutor:
        _log_refusal(room, socket, ref, "forbidden")
        send_error(socket, "forbidden", "Only the tutor may do this.", ref)
    elif not room.may_act(socket):
        await room.recheck()  # closes the socket with the matching code
    else:
        await _handle(room, socket, message, ref)


async def _handle(room: Room, socket: Socket, message: wire.Incoming, ref: str) -> None:
    """Run the handler; if it refuses the message or the database fails, send an error: the client
    may send it again."""
    try:
        await HANDLERS[type(message)](room, socket, message)
    except DomainError as exc:
        _log_refusal(room, socket, ref, exc.code)
        send_error(socket, exc.code, exc.detail, ref)
        if exc.code == "not_found":
            await room.recheck()  # closes the sockets of a room that is gone
    except ObjectDoesNotExist:
        await room.recheck()
        send_error(socket, "not_found", "This room no longer exists.", ref)
    except db.Failure as exc:
        log.exception("a message of a room could not be stored", extra={"data": {"type": ref}})
        failure = dependency_failure(exc) or service_unavailable()
        send_error(socket, failure.code, failure.detail, ref)


def _log_refusal(room: Room, socket: Socket, ref: str, code: str) -> None:
    """Log it as `chat_send_refused` and the like."""
    person = socket.person
    log_refusal(
        f"{ref.replace('.', '_')}_refused",
        code,
        user_id=person.user_id,
        address=socket.address,
        person=person.key,
        room=str(room.uuid),
    )


def send_error(socket: Socket, code: str, detail: str, ref: str) -> None:
    socket.push(wire.encode(wire.Error(code, detail, ref)))


async def chat_send(room: Room, socket: Socket, message: wire.ChatSend) -> None:
    row, new = await db.run(
        services.post_message,
        session_id=room.session_id,
        person=socket.person,
        uuid=message.id,
        text=message.text,
    )
    chat = wire.Chat(as_message(row))
    if new:
        room.broadcast(chat)
    elif row.person == socket.person.key:
        socket.push(wire.encode(chat))  # sent again: confirm that it had arrived
    else:
        send_error(socket, "bad_shape", "This id is taken.", "chat.send")


async def hand(room: Room, socket: Socket, message: wire.Hand) -> None:
    room.update_peer(socket, hand=message.raised)


async def media(room: Room, socket: Socket, message: wire.Media) -> None:
    away = True if message.away else msgspec.UNSET
    state = wire.MediaState(message.camera, message.microphone, message.screen, away)
    room.update_peer(socket, media=state)


async def signal(room: Room, socket: Socket, message: wire.Signal) -> None:
    target = room.presence.find(message.to)
    if target is None or target.waiting:
        send_error(socket, "no_such_peer", "This connection has gone.", "signal")
        return
    room.broadcast(wire.SignalFrom(socket.peer, message.data), str(message.to))


async def quality(room: Room, socket: Socket, message: wire.Quality) -> None:
    telemetry.count_call_quality(message.level)
    report = wire.QualityOf(socket.peer, message.level, message.rtt_ms, message.loss)
    room.broadcast(report, "tutor")


async def lobby_admit(room: Room, socket: Socket, message: wire.LobbyAdmit) -> None:
    await db.run(
        services.admit,
        session_id=room.session_id,
        people=[message.person],
        lesson_id=room.access.lesson.id,
        lessons=room.lessons,
    )
    await room.recheck_everywhere()


async def lobby_deny(room: Room, socket: Socket, message: wire.LobbyDeny) -> None:
    room.deny(message.person)


async def lobby_set(room: Room, socket: Socket, message: wire.LobbySet) -> None:
    await db.run(
        services.set_lobby,
        session_id=room.session_id,
        enabled=message.enabled,
        waiting=[person.person for person in room.presence.waiting()],
        lesson_id=room.access.lesson.id,
        lessons=room.lessons,
    )
    await room.recheck_everywhere()


async def board_drawing(room: Room, socket: Socket, message: wire.BoardDrawing) -> None:
    if not room.board.is_open:  # what is on it is unknown
        raise service_unavailable()
    room.receiver.flush()
    await db.run(
        services.set_drawing,
        session_id=room.session_id,
        drawing=message.drawing,
        state_vector=room.board.document.state_vector(),
    )
    await room.recheck_everywhere()


async def page_lock(room: Room, socket: Socket, message: wire.PageLock) -> None:
    await db.run(
        services.lock_page,
        session_id=room.session_id,
        page=message.page,
        locked=message.locked,
    )
    await room.recheck_everywhere()


async def mute(room: Room, socket: Socket, message: wire.Mute) -> None:
    if room.presence.find(message.peer) is None:
        send_error(socket, "no_such_peer", "This connection has gone.", "mute")
        return
    room.broadcast(wire.Muted(), str(message.peer))


async def remove(room: Room, socket: Socket, message: wire.Remove) -> None:
    if not may_remove(room.access, socket.person, message.person):
        send_error(socket, "forbidden", "The tutor cannot be removed.", "remove")
        return
    name = room.presence.name_of(message.person)
    await db.run(
        services.remove_person,
        session_id=room.session_id,
        person=message.person,
        name=name,
        lesson_id=room.access.lesson.id,
        lessons=room.lessons,
    )
    log_security_event(
        "room_person_removed",
        user_id=socket.person.user_id,
        person=message.person,
        room=str(room.uuid),
    )
    await room.recheck_everywhere()


async def timer_set(room: Room, socket: Socket, message: wire.TimerSet) -> None:
    await db.run(
        services.set_timer,
        session_id=room.session_id,
        seconds=message.seconds,
        now=timezone.now(),
    )
    await room.recheck_everywhere()


async def end(room: Room, socket: Socket, message: wire.End) -> None:
    await db.run(room.lessons.complete, room.access.lesson.id, ended_at=timezone.now())
    await room.recheck_everywhere()


HANDLERS: dict[type[wire.Incoming], Handler] = {
    wire.ChatSend: chat_send,
    wire.Hand: hand,
    wire.Media: media,
    wire.Signal: signal,
    wire.Quality: quality,
    wire.LobbyAdmit: lobby_admit,
    wire.LobbyDeny: lobby_deny,
    wire.LobbySet: lobby_set,
    wire.BoardDrawing: board_drawing,
    wire.PageLock: page_lock,
    wire.Mute: mute,
    wire.Remove: remove,
    wire.TimerSet: timer_set,
    wire.End: end,
}
