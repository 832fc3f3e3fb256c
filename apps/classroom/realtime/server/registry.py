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
from apps.classroom.policies import Person, RoomAccess
from apps.classroom.realtime.board.log_writer import LogWriter
from apps.classroom.realtime.board.memory import keep_no_large_blocks
from apps.classroom.realtime.board.storage import (
    COMPACT_AFTER,
    LAST_VERSION_AFTER,
    VERSION_INTERVAL,
    BoardStorage,
)
from apps.classroom.realtime.cluster.bus import Bus, NoBus, RedisBus
from apps.classroom.realtime.cluster.messages import BusMessage
from apps.classroom.realtime.events import protocol as wire
from apps.classroom.realtime.server import db, socket_limits
from apps.classroom.realtime.server.room import Room, as_message
from apps.classroom.realtime.server.sockets import Refused, Socket
from apps.classroom.room_access import AccessQuery, find_room_accesses, load_room_access
from apps.common.supervisor import supervise

log = logging.getLogger("kreida.room")

# Seconds between two rounds of each kind. Rights are looked at by themselves, so that nothing else
# delays them: who has lost theirs is out within two seconds.
ACCESS_CHECK_INTERVAL = 1.0
PRESENCE_INTERVAL = 2.0
MAINTENANCE_INTERVAL = 2.0
LESSON_CHECK_INTERVAL = 30.0
MAX_ROOMS_PER_QUERY = 200
MAX_UNSAVED_TIME = timedelta(seconds=3)  # later, those who draw are told that it is not


class RoomRegistry:
    """Lives on one event loop; `current` is this process's."""

    current: "RoomRegistry | None" = None

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        keep_no_large_blocks()
        self.rooms: dict[UUID, Room] = {}
        self.limits = socket_limits.SocketLimits()
        self.writer = LogWriter()
        self.bus: Bus = (
            RedisBus(settings.REDIS_URL, on_messages=self._on_messages, on_reconnect=self._resync)
            if settings.REDIS_URL
            else NoBus()
        )
        self._access_loader: db.BatchLoader[AccessQuery, tuple[int, RoomAccess]]
        self._access_loader = db.BatchLoader(find_room_accesses, max_batch=MAX_ROOMS_PER_QUERY)
        self.board_storage = BoardStorage(self.writer)
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[None]] = set()
        self._missed_since: datetime | None = None  # chat of other processes, while Redis was away
        self._periodic_tasks = [
            supervise(f"room-{name}", partial(self._run_every, name, seconds, work))
            for name, seconds, work in (
                ("rights", ACCESS_CHECK_INTERVAL, self._check_access),
                ("presence", PRESENCE_INTERVAL, self._refresh_presence),
                ("boards", MAINTENANCE_INTERVAL, self._maintain_boards),
                ("saving", ACCESS_CHECK_INTERVAL, self._notify_saving),
                ("sweep", LESSON_CHECK_INTERVAL, self._complete_past_lessons),
            )
        ]

    @classmethod
    def instance(cls) -> "RoomRegistry":
        """Made at the first socket; a new one when the event loop is new."""
        if cls.current is None or cls.current.loop is not asyncio.get_running_loop():
            cls.current = cls()
        return cls.current

    async def stop(self) -> None:
        """Stores everything; the sockets are closed already."""
        if RoomRegistry.current is self:
            RoomRegistry.current = None
        for task in self._periodic_tasks:
            task.cancel()
        for room in list(self.rooms.values()):
            room.board.batcher.flush()
            for socket in room.sockets():
                socket.close(wire.Close.RESTARTING)
        await self.writer.stop()
        await asyncio.gather(
            *(
                self.board_storage.compact(room.session_id, room.board)
                for room in self.rooms.values()
            )
        )
        await self.bus.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._periodic_tasks, return_exceptions=True)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_task_done)

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a task of a room failed", exc_info=task.exception())

    # -- rooms ------------------------------------------------------------------------------

    async def load_access(self, uuid: UUID, person: Person) -> tuple[int, RoomAccess] | None:
        """The session's id and its facts, for somebody who comes."""
        return await self._access_loader.get((uuid, person))

    def _lock(self, uuid: UUID) -> asyncio.Lock:
        return self._locks.setdefault(uuid, asyncio.Lock())

    async def enter(self, uuid: UUID, socket: Socket, *, board: bool) -> Room | None:
        """The room with the socket in it; None when there is no such room. Raises Refused where
        this process has as many rooms as it may."""
        async with self._lock(uuid):
            room = self.rooms.get(uuid) or await self._open_room(uuid, socket.person)
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
            room.board.open(await self.board_storage.open(room.session_id))
        try:
            room.board.join(socket)
        except Refused:
            if room.is_empty:
                del self.rooms[room.uuid]
                await self.bus.close(room.uuid)
            raise

    async def _open_room(self, uuid: UUID, person: Person) -> Room | None:
        if len(self.rooms) >= socket_limits.ROOMS:
            log.error("this process has all the rooms it may have")
            raise Refused(wire.Close.FLOOD)
        found = await self.load_access(uuid, person)
        if found is None:
            return None
        session_id, access = found
        # Listening comes before reading: what others store after the reading is heard.
        elsewhere = await self.bus.open(uuid)
        opened = await self.board_storage.open(session_id)
        room = Room(uuid, session_id, access, bus=self.bus, store=self._store, spawn=self.spawn)
        room.board.open(opened)
        self.rooms[uuid] = room
        for process, peers in elsewhere.items():
            room.presence.update_process(process, peers)
        room.resync()
        return room

    def _store(self, session_id: int, update: bytes) -> None:
        self.writer.add(session_id, update)

    async def leave(self, room: Room, socket: Socket, *, board: bool) -> None:
        if board:
            room.board.leave(socket)
        else:
            await room.leave(socket)
        if room.is_empty:
            await self._close_if_empty(room)

    async def _close_if_empty(self, room: Room) -> None:
        """Whoever comes meanwhile waits for the lock, and keeps the room open."""
        async with self._lock(room.uuid):
            if not room.is_empty or self.rooms.get(room.uuid) is not room:
                return
            await self.writer.flush()
            await self.board_storage.add_version(room.session_id, room.board, LAST_VERSION_AFTER)
            await self.board_storage.compact(room.session_id, room.board)
            if room.is_empty:
                del self.rooms[room.uuid]
                await self.bus.close(room.uuid)
                await self.board_storage.drop(room.board)

    # -- time -------------------------------------------------------------------------------

    async def _run_every(
        self, name: str, seconds: float, work: Callable[[], Awaitable[None]]
    ) -> None:
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

    async def _check_access(self) -> None:
        rooms = list(self.rooms.values())
        for room in rooms:
            for socket in room.sockets():
                socket.drop_if_dead()
        for at in range(0, len(rooms), MAX_ROOMS_PER_QUERY):
            await self._recheck_rooms(rooms[at : at + MAX_ROOMS_PER_QUERY])

    async def _refresh_presence(self) -> None:
        rooms = list(self.rooms.values())
        for room in rooms:
            self._heartbeat(room)
            room.renew_ice_servers()
        await self._deliver_missed_chat()
        for room in rooms:
            await room.record_pending_arrivals()
        peers = [peer for room in rooms for peer in room.presence.local]
        if peers:
            await db.run(services.record_seen, peers=peers, now=timezone.now())

    async def _notify_saving(self) -> None:
        since = self.writer.unsaved_since
        if since is not None and timezone.now() - since < MAX_UNSAVED_TIME:
            since = None
        for room in self.rooms.values():
            room.notify_saving(since)
            room.notify_board_size()

    async def _maintain_boards(self) -> None:
        for room in list(self.rooms.values()):
            room.board.unload_if_idle()
            await self.board_storage.add_version(room.session_id, room.board, VERSION_INTERVAL)
            await self.board_storage.compact_if_due(room.session_id, room.board)

    async def _complete_past_lessons(self) -> None:
        await db.run(services.complete_past_lessons, now=timezone.now())

    def _heartbeat(self, room: Room) -> None:
        """The heartbeat, and what follows when another process has none any more: its last
        strokes may be in memory here and nowhere else, so they are folded in."""
        if self.bus.connected:
            for process in room.presence.expire_dead_processes():
                room.board.remove_process(process)
                room.board.uncompacted += COMPACT_AFTER + 1
        else:
            room.presence.reset_heartbeats()
        room.publish_presence()
        if room.board.consume_dirty():
            room.request_diff(back=False)

    async def _recheck_rooms(self, rooms: list[Room]) -> None:
        numbers = [room.begin_recheck() for room in rooms]
        people = {person for room in rooms for person in room.people()}
        found: dict[int, RoomAccess] = await db.run(
            load_room_access, [r.session_id for r in rooms], people
        )
        for room, number in zip(rooms, numbers, strict=True):
            await room.apply_access(found.get(room.session_id), number)

    # -- other processes --------------------------------------------------------------------

    def _on_messages(self, uuid: UUID, process: str, messages: list[BusMessage]) -> None:
        room = self.rooms.get(uuid)
        if room is not None:
            for message in messages:
                room.on_message(process, message)

    def _resync(self, since: datetime) -> None:
        """Redis is there again: greet everyone and compare boards. The chat that could not be
        heard meanwhile is read from the database in the next round, or the first that can."""
        for room in self.rooms.values():
            room.presence.reset_heartbeats()
            room.resync()
        self._missed_since = min(since, self._missed_since or since)

    async def _deliver_missed_chat(self) -> None:
        """By its time: ids of both processes interleave."""
        since, self._missed_since = self._missed_since, None
        if since is None:
            return
        try:
            for room in list(self.rooms.values()):
                for row in await db.run(services.messages_since, room.session_id, since):
                    room.deliver_locally(wire.Chat(as_message(row)))
        except db.Failure:
            self._missed_since = min(since, self._missed_since or since)
            raise

    def recheck_threadsafe(self, uuid: UUID) -> None:
        """From any thread: the facts of this room have changed."""
        self.loop.call_soon_threadsafe(self._start_recheck, uuid)

    def _start_recheck(self, uuid: UUID) -> None:
        room = self.rooms.get(uuid)
        if room is not None:
            self.spawn(room.recheck())

    def apply_update_threadsafe(self, uuid: UUID, update: bytes) -> None:
        """From any thread: an update of the server's own, which is stored already."""
        self.loop.call_soon_threadsafe(self._apply_update, uuid, update)

    def _apply_update(self, uuid: UUID, update: bytes) -> None:
        room = self.rooms.get(uuid)
        if room is not None:
            room.board.apply_stored_update(update)
