"""The rooms' WebSockets as a plain ASGI application: /ws/classroom/<uuid>/{events,board}."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid4

from django.utils import timezone

from apps.classroom.policies import Person, must_wait, refusal
from apps.classroom.realtime.events import handlers
from apps.classroom.realtime.events.protocol import MAX_BOARD_FRAME, MAX_EVENT, Close
from apps.classroom.realtime.server import db, tickets
from apps.classroom.realtime.server.origins import is_allowed_origin
from apps.classroom.realtime.server.registry import RoomRegistry
from apps.classroom.realtime.server.room import CLOSE_CODES, Room
from apps.classroom.realtime.server.sockets import RateLimit, Refused, Send, Socket

log = logging.getLogger("kreida.room")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

# A stock y-websocket client appends its room's name to the URL.
_PATH = re.compile(
    r"^/ws/classroom/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/(events|board)(?:/[^/]*)?$"
)

# Frames per second and burst; bytes likewise. One person drawing sends about 150 frames a second,
# and the offers of a call are about 10 KiB for each other person.
EVENTS_RATE, EVENTS_BURST = 50, 200
EVENTS_BYTES_RATE, EVENTS_BYTES_BURST = 128 * 1024, 4 * 1024 * 1024
BOARD_RATE, BOARD_BURST = 400, 4000
BYTES_RATE, BYTES_BURST = 4 * 1024 * 1024, 32 * 1024 * 1024


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()  # websocket.connect
    if not is_allowed_origin(scope):
        await send({"type": "websocket.close"})  # before accepting: a 403
        return
    await send({"type": "websocket.accept"})
    registry, address = RoomRegistry.instance(), (scope.get("client") or ("",))[0]
    try:
        uuid, person, kind = await _authorize(scope)
        with registry.limits.socket(uuid, person, address, kind):
            await _serve(uuid, Socket(send, person, uuid4()), receive, board=kind == "board")
    except Refused as exc:
        await send({"type": "websocket.close", "code": int(exc.code)})


async def _authorize(scope: Scope) -> tuple[UUID, Person, str]:
    """Return the room, the person and the kind of socket ("events" or "board"). Raises Refused."""
    match = _PATH.match(scope["path"])
    if match is None:
        raise Refused(Close.NO_SUCH_ROOM)
    registry, uuid, kind = RoomRegistry.instance(), UUID(match[1]), match[2]
    values = parse_qs(scope["query_string"].decode("latin-1")).get("ticket", [""])
    try:
        ticket = tickets.verify(values[0], uuid)
        registry.limits.count_ticket_use(ticket, kind)
        access = await registry.load_access(uuid, ticket.person)
    except tickets.BadTicket as exc:
        raise Refused(Close.BAD_TICKET) from exc
    except db.Failure as exc:
        raise Refused(Close.RESTARTING) from exc
    if access is None:
        raise Refused(Close.NO_SUCH_ROOM)
    reason = refusal(access, ticket.person, timezone.now())
    if reason is not None:
        raise Refused(CLOSE_CODES[reason])
    if kind == "board" and must_wait(access, ticket.person):
        raise Refused(Close.WAITING)
    return uuid, ticket.person, kind


async def _serve(uuid: UUID, socket: Socket, receive: Receive, *, board: bool) -> None:
    registry = RoomRegistry.instance()
    writer_task = asyncio.create_task(socket.run_writer())
    try:
        room = await _enter(registry, uuid, socket, board=board)
        if room is None:
            return
        try:
            if board:
                await _read_board(room, socket, receive)
            else:
                await room.enter(socket)
                await _read_events(room, socket, receive)
        finally:
            await registry.leave(room, socket, board=board)
    finally:
        if socket.closing is None:
            writer_task.cancel()
        await asyncio.gather(writer_task, return_exceptions=True)


async def _enter(registry: RoomRegistry, uuid: UUID, socket: Socket, *, board: bool) -> Room | None:
    """Return the room, or None if the socket was closed instead."""
    try:
        room = await registry.enter(uuid, socket, board=board)
    except db.Failure:
        log.exception("a room could not be opened")
        socket.close(Close.RESTARTING)
        return None
    except Refused as exc:
        socket.close(exc.code)
        return None
    if room is None:
        socket.close(Close.NO_SUCH_ROOM)
    return room


async def _read_board(room: Room, socket: Socket, receive: Receive) -> None:
    frame_limit = RateLimit(BOARD_RATE, BOARD_BURST)
    byte_limit = RateLimit(BYTES_RATE, BYTES_BURST)
    while (message := await receive())["type"] == "websocket.receive":
        if socket.closing is not None:
            continue
        frame = message.get("bytes")
        if frame is None:
            socket.close(Close.MALFORMED)
        elif len(frame) > MAX_BOARD_FRAME:
            socket.close(Close.TOO_LARGE)
        elif not frame_limit.allows() or not byte_limit.allows(len(frame)):
            socket.close(Close.FLOOD)
        elif not room.may_act(socket.person):
            await room.recheck()
        else:
            while (debt := room.board.debt(socket)) > 0:
                await asyncio.sleep(debt)  # meanwhile the connection buffers further frames
            try:
                await room.board.receive_chunked(socket, frame)
            except Refused as exc:
                socket.close(exc.code)


async def _read_events(room: Room, socket: Socket, receive: Receive) -> None:
    frame_limit = RateLimit(EVENTS_RATE, EVENTS_BURST)
    byte_limit = RateLimit(EVENTS_BYTES_RATE, EVENTS_BYTES_BURST)
    while (message := await receive())["type"] == "websocket.receive":
        if socket.closing is not None:
            continue
        frame = message.get("text")
        if frame is None:
            socket.close(Close.MALFORMED)
        elif (size := len(frame.encode())) > MAX_EVENT:
            socket.close(Close.TOO_LARGE)
        elif not frame_limit.allows() or not byte_limit.allows(size):
            socket.close(Close.FLOOD)
        else:
            await handlers.receive(room, socket, frame)
