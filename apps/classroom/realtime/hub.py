"""All rooms that have somebody in this process: opened from the database, closed when empty."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from django.conf import settings
from django.utils import timezone

from apps.classroom import services
from apps.classroom.facts import Asked, facts_of, find_rooms
from apps.classroom.policies import Facts, Person
from apps.classroom.realtime import db, socket_limits
from apps.classroom.realtime import protocol as wire
from apps.classroom.realtime.board_keeper import (
    FOLD_AFTER,
    LAST_VERSION_AFTER,
    VERSION_EVERY,
    BoardKeeper,
)
from apps.classroom.realtime.bus import Bus, NoBus, RedisBus
from apps.classroom.realtime.memory import keep_no_large_blocks
from apps.classroom.realtime.messages import BusMessage
from apps.classroom.realtime.room import Room, as_message
from apps.classroom.realtime.sockets import Refused, Socket
from apps.classroom.realtime.writer import LogWriter
from apps.common.supervisor import supervise

log = logging.getLogger("kreida.room")

# Seconds between two rounds of each kind. Rights are looked at by themselves, so that nothing else
# delays them: who has lost theirs is out within two seconds.
RIGHTS_EVERY = 1.0
PRESENCE_EVERY = 2.0
BOARDS_EVERY = 2.0
SWEEP_EVERY = 30.0
ROOMS_AT_ONCE = 200
SAVED_AT_LATEST_AFTER = timedelta(seconds=3)  # later, those who draw are told that it is not


class Hub:
    """Lives on one event loop; `current` is this process's."""

    current: "Hub | None" = None

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        keep_no_large_blocks()
        self.rooms: dict[UUID, Room] = {}
        self.limits = socket_limits.SocketLimits()
        self.writer = LogWriter()
        self.bus: Bus = (
            RedisBus(settings.REDIS_URL, hear=self._hear, heal=self._heal)
            if settings.REDIS_URL
            else NoBus()
        )
        self._found: db.Together[Asked, tuple[int, Facts]]
        self._found = db.Together(find_rooms, at_most=ROOMS_AT_ONCE)
        self.keeper = BoardKeeper(self.writer)
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[None]] = set()
        self._missed_since: datetime | None = None  # chat of other processes, while Redis was away
        self._rounds = [
            supervise(f"room-{name}", partial(self._repeat, name, seconds, work))
            for name, seconds, work in (
                ("rights", RIGHTS_EVERY, self._check_rights),
                ("presence", PRESENCE_EVERY, self._keep_presence),
                ("boards", BOARDS_EVERY, self._keep_boards),
                ("saving", RIGHTS_EVERY, self._tell_saving),
                ("sweep", SWEEP_EVERY, self._complete_past_lessons),
            )
        ]

    @classmethod
    def here(cls) -> "Hub":
        """Made at the first socket; a new one when the event loop is new."""
        if cls.current is None or cls.current.loop is not asyncio.get_running_loop():
            cls.current = cls()
        return cls.current

    async def stop(self) -> None:
        """Stores everything; the sockets are closed already."""
        if Hub.current is self:
            Hub.current = None
        for task in self._rounds:
            task.cancel()
        for room in list(self.rooms.values()):
            room.board.inbox.empty()
            for socket in room.sockets():
                socket.close(wire.Close.RESTARTING)
        await self.writer.stop()
        await asyncio.gather(
            *(self.keeper.fold(room.session_id, room.board) for room in self.rooms.values())
        )
        await self.bus.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._rounds, return_exceptions=True)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a task of a room failed", exc_info=task.exception())

    # -- rooms ------------------------------------------------------------------------------

    async def find(self, uuid: UUID, person: Person) -> tuple[int, Facts] | None:
        """The session's id and its facts, for somebody who comes."""
        return await self._found.get((uuid, person))

    def _lock(self, uuid: UUID) -> asyncio.Lock:
        return self._locks.setdefault(uuid, asyncio.Lock())

    async def enter(self, uuid: UUID, socket: Socket, *, board: bool) -> Room | None:
        """The room with the socket in it; None when there is no such room. Raises Refused where
        this process has as many rooms as it may."""
        async with self._lock(uuid):
            room = self.rooms.get(uuid) or await self._open(uuid, socket.person)
            if room is None:
                return None
            if board:
                await self._join_board(room, socket)
            else:
                room.events[socket.peer] = socket
            return room

    async def _join_board(self, room: Room, socket: Socket) -> None:
        """Raises Refused; what could not be opened is tried again."""
        if not room.board.is_open:
            room.board.open(await self.keeper.open(room.session_id))
        try:
            room.board.join(socket)
        except Refused:
            if room.is_empty:
                del self.rooms[room.uuid]
                await self.bus.close(room.uuid)
            raise

    async def _open(self, uuid: UUID, person: Person) -> Room | None:
        if len(self.rooms) >= socket_limits.ROOMS:
            log.error("this process has all the rooms it may have")
            raise Refused(wire.Close.FLOOD)
        found = await self.find(uuid, person)
        if found is None:
            return None
        session_id, facts = found
        # Listening comes before reading: what others store after the reading is heard.
        elsewhere = await self.bus.open(uuid)
        opened = await self.keeper.open(session_id)
        room = Room(uuid, session_id, facts, bus=self.bus, store=self._store, spawn=self.spawn)
        room.board.open(opened)
        self.rooms[uuid] = room
        for process, peers in elsewhere.items():
            room.presence.hear(process, peers)
        room.greet()
        return room

    def _store(self, session_id: int, update: bytes) -> None:
        self.writer.add(session_id, update)

    async def leave(self, room: Room, socket: Socket, *, board: bool) -> None:
        if board:
            room.board.leave(socket)
        else:
            await room.leave(socket)
        if room.is_empty:
            await self._close(room)

    async def _close(self, room: Room) -> None:
        """Whoever comes meanwhile waits for the lock, and keeps the room open."""
        async with self._lock(room.uuid):
            if not room.is_empty or self.rooms.get(room.uuid) is not room:
                return
            await self.writer.flush()
            await self.keeper.add_version(room.session_id, room.board, LAST_VERSION_AFTER)
            await self.keeper.fold(room.session_id, room.board)
            if room.is_empty:
                del self.rooms[room.uuid]
                await self.bus.close(room.uuid)
                await self.keeper.drop(room.board)

    # -- time -------------------------------------------------------------------------------

    async def _repeat(self, name: str, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        """A database that is away is logged once, and tried again as soon as the next round."""
        failing = False
        while True:
            await asyncio.sleep(seconds)
            try:
                await work()
            except db.Failure:
                if not failing:
                    log.exception("the database is away", extra={"data": {"task": name}})
                failing = True
            else:
                failing = False

    async def _check_rights(self) -> None:
        rooms = list(self.rooms.values())
        for room in rooms:
            for socket in room.sockets():
                socket.drop_if_dead()
        for at in range(0, len(rooms), ROOMS_AT_ONCE):
            await self._recheck(rooms[at : at + ROOMS_AT_ONCE])

    async def _keep_presence(self) -> None:
        rooms = list(self.rooms.values())
        for room in rooms:
            self._keep_company(room)
            room.renew_relay()
        await self._deliver_missed_chat()
        for room in rooms:
            await room.record_late()
        peers = [peer for room in rooms for peer in room.presence.here]
        if peers:
            await db.run(services.record_seen, peers=peers, now=timezone.now())

    async def _tell_saving(self) -> None:
        since = self.writer.unsaved_since
        if since is not None and timezone.now() - since < SAVED_AT_LATEST_AFTER:
            since = None
        for room in self.rooms.values():
            room.tell_saving(since)
            room.tell_fullness()

    async def _keep_boards(self) -> None:
        for room in list(self.rooms.values()):
            room.board.rest()
            await self.keeper.add_version(room.session_id, room.board, VERSION_EVERY)
            await self.keeper.fold_if_due(room.session_id, room.board)

    async def _complete_past_lessons(self) -> None:
        await db.run(services.complete_past_lessons, now=timezone.now())

    def _keep_company(self, room: Room) -> None:
        """The heartbeat, and what follows when another process has none any more: its last
        strokes may be in memory here and nowhere else, so they are folded in."""
        if self.bus.connected:
            for process in room.presence.bury_silent():
                room.board.forget_process(process)
                room.board.unfolded += FOLD_AFTER + 1
        else:
            room.presence.heard_from_all()
        room.announce()
        if room.board.take_stirred():
            room.ask(back=False)

    async def _recheck(self, rooms: list[Room]) -> None:
        numbers = [room.question() for room in rooms]
        people = {person for room in rooms for person in room.people()}
        found: dict[int, Facts] = await db.run(facts_of, [r.session_id for r in rooms], people)
        for room, number in zip(rooms, numbers, strict=True):
            await room.apply(found.get(room.session_id), number)

    # -- other processes --------------------------------------------------------------------

    def _hear(self, uuid: UUID, process: str, messages: list[BusMessage]) -> None:
        room = self.rooms.get(uuid)
        if room is not None:
            for message in messages:
                room.hear(process, message)

    def _heal(self, since: datetime) -> None:
        """Redis is there again: greet everyone and compare boards. The chat that could not be
        heard meanwhile is read from the database in the next round, or the first that can."""
        for room in self.rooms.values():
            room.presence.heard_from_all()
            room.greet()
        self._missed_since = min(since, self._missed_since or since)

    async def _deliver_missed_chat(self) -> None:
        """By its time: ids of both processes interleave."""
        since, self._missed_since = self._missed_since, None
        if since is None:
            return
        try:
            for room in list(self.rooms.values()):
                for row in await db.run(services.messages_since, room.session_id, since):
                    room.deliver_here(wire.Chat(as_message(row)))
        except db.Failure:
            self._missed_since = min(since, self._missed_since or since)
            raise

    def recheck_soon(self, uuid: UUID) -> None:
        """From any thread: the facts of this room have changed."""
        self.loop.call_soon_threadsafe(self._recheck_now, uuid)

    def _recheck_now(self, uuid: UUID) -> None:
        room = self.rooms.get(uuid)
        if room is not None:
            self.spawn(room.recheck())

    def take_update(self, uuid: UUID, update: bytes) -> None:
        """From any thread: an update of the server's own, which is stored already."""
        self.loop.call_soon_threadsafe(self._take_update, uuid, update)

    def _take_update(self, uuid: UUID, update: bytes) -> None:
        room = self.rooms.get(uuid)
        if room is not None:
            room.board.take_update(update)
