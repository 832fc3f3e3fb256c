"""The rooms' WebSockets as a plain ASGI application: /ws/classroom/<uuid>/{events,board}."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs
from uuid import UUID, uuid4

from django.utils import timezone

from apps.classroom.policies import RoomAccess, must_wait, refusal
from apps.classroom.realtime.events import handlers
from apps.classroom.realtime.events.protocol import MAX_BOARD_FRAME, MAX_EVENT, Close
from apps.classroom.realtime.server import db, tickets
from apps.classroom.realtime.server.origins import is_allowed_origin
from apps.classroom.realtime.server.registry import RoomRegistry
from apps.classroom.realtime.server.room import Room
from apps.classroom.realtime.server.sockets import CLOSE_CODES, RateLimit, Refused, Send, Socket

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
        request = _parse_request(registry, scope)
        person = request.ticket.person
        access = await _authorize(registry, request)
        with registry.limits.socket(request.room, person, address, request.kind):
            socket = Socket(send, person, uuid4(), address)
            await _serve(registry, request, access, socket, receive)
    except Refused as exc:
        await send({"type": "websocket.close", "code": int(exc.code)})


class _Request(NamedTuple):
    """Which socket of which room the holder of a ticket asks for."""

    room: UUID
    kind: str  # "events" or "board"
    ticket: tickets.Ticket

    @property
    def is_board(self) -> bool:
        return self.kind == "board"


def _parse_request(registry: RoomRegistry, scope: Scope) -> _Request:
    """Read the path and redeem the ticket. Raises Refused."""
    match = _PATH.match(scope["path"])
    if match is None:
        raise Refused(Close.NO_SUCH_ROOM)
    room, kind = UUID(match[1]), match[2]
    values = parse_qs(scope["query_string"].decode("latin-1")).get("ticket", [""])
    try:
        return _Request(room, kind, registry.tickets.redeem(values[0], room, kind))
    except tickets.BadTicket as exc:
        raise Refused(Close.BAD_TICKET) from exc


async def _authorize(registry: RoomRegistry, request: _Request) -> RoomAccess:
    """Load the room's access state and check the person's right. Raises Refused."""
    person = request.ticket.person
    try:
        access = await registry.access_loader.get((request.room, person))
    except db.Failure as exc:
        raise Refused(Close.RESTARTING) from exc
    if access is None:
        raise Refused(Close.NO_SUCH_ROOM)
    reason = refusal(access, person, timezone.now())
    if reason is not None:
        raise Refused(CLOSE_CODES[reason])
    if request.is_board and must_wait(access, person):
        raise Refused(Close.WAITING)
    return access


async def _serve(
    registry: RoomRegistry,
    request: _Request,
    access: RoomAccess,
    socket: Socket,
    receive: Receive,
) -> None:
    writer_task = asyncio.create_task(socket.run_writer())
    try:
        room = await _enter(registry, request, access, socket)
        if room is None:
            return
        try:
            if request.is_board:
                await _read_board(room, socket, receive)
            else:
                await room.enter(socket)
                await _read_events(room, socket, receive)
        finally:
            await registry.leave(room, socket, board=request.is_board)
    finally:
        if socket.closing is None:
            writer_task.cancel()
        await asyncio.gather(writer_task, return_exceptions=True)


async def _enter(
    registry: RoomRegistry, request: _Request, access: RoomAccess, socket: Socket
) -> Room | None:
    """Return the room, or None if the socket was closed instead."""
    try:
        return await registry.enter(request.room, access, socket, board=request.is_board)
    except db.Failure:
        log.exception("a room could not be opened")
        socket.close(Close.RESTARTING)
    except Refused as exc:
        socket.close(exc.code)
    return None


async def _read_board(room: Room, socket: Socket, receive: Receive) -> None:
    frame_limit = RateLimit(BOARD_RATE, BOARD_BURST)
    byte_limit = RateLimit(BYTES_RATE, BYTES_BURST)
    while (message := await receive())["type"] == "websocket.receive":
        frame = message.get("bytes")
        if socket.closing is not None:
            pass
        elif frame is None:
            socket.close(Close.MALFORMED)
        elif len(frame) > MAX_BOARD_FRAME:
            socket.close(Close.TOO_LARGE)
        elif not frame_limit.allows() or not byte_limit.allows(len(frame)):
            socket.close(Close.FLOOD)
        elif not room.may_act(socket):
            await room.recheck()
        else:
            while (debt := room.receiver.debt(socket)) > 0:
                await asyncio.sleep(debt)  # meanwhile the connection buffers further frames
            try:
                await room.receiver.receive_chunked(socket, frame)
            except Refused as exc:
                socket.close(exc.code)
        del message, frame  # they would stay in memory until the next ones


async def _read_events(room: Room, socket: Socket, receive: Receive) -> None:
    frame_limit = RateLimit(EVENTS_RATE, EVENTS_BURST)
    byte_limit = RateLimit(EVENTS_BYTES_RATE, EVENTS_BYTES_BURST)
    while (message := await receive())["type"] == "websocket.receive":
        frame = message.get("text")
        if socket.closing is not None:
            pass
        elif frame is None:
            socket.close(Close.MALFORMED)
        elif (size := len(frame.encode())) > MAX_EVENT:
            socket.close(Close.TOO_LARGE)
        elif not frame_limit.allows() or not byte_limit.allows(size):
            socket.close(Close.FLOOD)
        else:
            await handlers.receive(room, socket, frame)
        del message, frame
