"""All open rooms of this process: opened by their first socket, closed after their last one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from django.utils import timezone

from apps.classroom import services
from apps.classroom.access_state import AccessQuery, find_room_accesses, load_room_access
from apps.classroom.lessons import Lessons, get_lessons
from apps.classroom.policies import RoomAccess
from apps.classroom.realtime.board.board import Board
from apps.classroom.realtime.board.limits import RoomLimits
from apps.classroom.realtime.board.log import BoardLog
from apps.classroom.realtime.board.log_writer import LogWriter
from apps.classroom.realtime.board.memory import configure_malloc
from apps.classroom.realtime.board.storage import (
    COMPACT_AFTER,
    LAST_VERSION_AFTER,
    VERSION_INTERVAL,
    BoardStorage,
)
from apps.classroom.realtime.cluster import handlers
from apps.classroom.realtime.cluster.bus import make_bus
from apps.classroom.realtime.cluster.messages import BusMessage
from apps.classroom.realtime.events import protocol as wire
from apps.classroom.realtime.server import db, socket_limits
from apps.classroom.realtime.server.room import Room, as_message
from apps.classroom.realtime.server.sockets import Refused, Socket
from apps.classroom.realtime.server.tickets import TicketUses
from apps.common.supervisor import set_failing, supervise

log = logging.getLogger("kreida.room")

# Seconds between two runs of each periodic task. The access check has a task of its own, so that
# nothing delays it: sockets that lost their access are closed within two seconds.
ACCESS_CHECK_INTERVAL = 1.0
PRESENCE_INTERVAL = 2.0
MAINTENANCE_INTERVAL = 2.0
RETRY_INTERVAL = 2.0  # at most, after a failure
LESSON_CHECK_INTERVAL = 30.0
MAX_ROOMS_PER_QUERY = 200


class RoomRegistry:
    """The open rooms and periodic tasks of one event loop; `current` is this process's registry."""

    current: "RoomRegistry | None" = None

    def __init__(self, lessons: Lessons) -> None:
        self.lessons = lessons
        self.loop = asyncio.get_running_loop()
        configure_malloc()
        self.rooms: dict[UUID, Room] = {}
        self.tickets = TicketUses()
        self.limits = socket_limits.SocketLimits()
        self._room_limits = RoomLimits()
        self.writer = LogWriter()
        self.bus = make_bus(on_messages=self._on_messages, on_reconnect=self._resync)
        self.access_loader: db.BatchLoader[AccessQuery, RoomAccess] = db.BatchLoader(
            partial(find_room_accesses, lessons=lessons), max_batch=MAX_ROOMS_PER_QUERY
        )
        self.board_storage = BoardStorage(self.writer)
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[None]] = set()
        # Chat of other processes may have been missed since then, while Redis was unreachable.
        self._missed_since: datetime | None = None
        self._periodic_tasks = [
            supervise(f"room-{name}", partial(self._run_every, f"room-{name}", seconds, work))
            for name, seconds, work in (
                ("rights", ACCESS_CHECK_INTERVAL, self._check_access),
                ("locks", ACCESS_CHECK_INTERVAL, self._apply_board_rules),
                ("presence", PRESENCE_INTERVAL, self._refresh_presence),
                ("attendance", PRESENCE_INTERVAL, self._record_attendance),
                ("boards", MAINTENANCE_INTERVAL, self._maintain_boards),
                ("saving", ACCESS_CHECK_INTERVAL, self._notify_saving),
                ("sweep", LESSON_CHECK_INTERVAL, self._complete_past_lessons),
            )
        ]

    @classmethod
    def instance(cls) -> "RoomRegistry":
        """Return this event loop's registry; the first socket creates it."""
        if cls.current is None or cls.current.loop is not asyncio.get_running_loop():
            cls.current = cls(get_lessons())
        return cls.current

    async def stop(self) -> None:
        """Close all sockets, store everything and stop the tasks."""
        if RoomRegistry.current is self:
            RoomRegistry.current = None
        for task in self._periodic_tasks:
            task.cancel()
        for room in list(self.rooms.values()):
            room.receiver.flush()
            for socket in room.sockets():
                socket.close(wire.Close.RESTARTING)
        await self.writer.stop()
        rooms = list(self.rooms.values())
        compactions = (self.board_storage.compact(room.session_id, room.board) for room in rooms)
        for result in await asyncio.gather(*compactions, return_exceptions=True):
            if isinstance(result, Exception):
                log.error("a board could not be compacted at shutdown", exc_info=result)
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

    def _lock(self, uuid: UUID) -> asyncio.Lock:
        return self._locks.setdefault(uuid, asyncio.Lock())

    async def enter(self, uuid: UUID, access: RoomAccess, socket: Socket, *, board: bool) -> Room:
        """Add the socket to its room, opened with `access` if it is not open; return the room.

        Raises Refused at the limit of rooms per process, or if the board cannot be opened.
        """
        async with self._lock(uuid):
            room = self.rooms.get(uuid) or await self._open_room(uuid, access)
            if board:
                await self._join_board(room, socket)
            else:
                room.events[socket.peer] = socket
            return room

    async def _join_board(self, room: Room, socket: Socket) -> None:
        """Add a board socket; tries again to open a board that could not be. Raises Refused."""
        if not room.board.is_open:
            room.board.open(await self.board_storage.open(room.session_id))
            await room.locks.apply()
        try:
            room.board.join(socket)
        except Refused:
            if room.is_empty:
                await self._remove_room(room)
            raise

    async def _open_room(self, uuid: UUID, access: RoomAccess) -> Room:
        if len(self.rooms) >= socket_limits.MAX_ROOMS:
            log.error("the limit of rooms per process is reached")
            raise Refused(wire.Close.FLOOD)
        session_id = access.session_id
        board = Board(BoardLog(session_id=session_id, room=uuid, writer=self.writer, bus=self.bus))
        # Subscribe before reading, so that nothing stored in between is missed.
        remote_peers = await self.bus.open(uuid)
        unopened = self.bus.connected and not remote_peers
        board.open(await self.board_storage.open(session_id, unopened=unopened))
        limits = self._room_limits.open(uuid)
        room = Room(uuid, access, lessons=self.lessons, bus=self.bus, board=board, limits=limits)
        self.rooms[uuid] = room
        await room.locks.apply()  # before anybody's change
        for process, peers in remote_peers.items():
            room.presence.update_process(process, peers)
        room.resync()
        return room

    async def _remove_room(self, room: Room) -> None:
        del self.rooms[room.uuid]
        self._room_limits.close(room.uuid)
        await self.bus.close(room.uuid)

    async def leave(self, room: Room, socket: Socket, *, board: bool) -> None:
        if board:
            room.receiver.leave(socket)
        else:
            await room.leave(socket)
        if room.is_empty:
            await self._close_if_empty(room)

    async def _close_if_empty(self, room: Room) -> None:
        """Store the board and close the room, unless somebody enters in the meantime.

        While the log cannot be written, the room stays open and can be entered. If somebody has
        drawn since, it is closed after they have left.
        """
        await self.writer.flush()
        async with self._lock(room.uuid):
            if not room.is_empty or self.rooms.get(room.uuid) is not room:
                return
            if self.writer.has_pending(room.session_id):
                return
            await self.board_storage.add_version(room.session_id, room.board, LAST_VERSION_AFTER)
            await self.board_storage.compact(room.session_id, room.board)
            if room.is_empty:
                await self._remove_room(room)
                await self.board_storage.drop(room.board)

    # -- periodic tasks ---------------------------------------------------------------------

    async def _run_every(
        self, name: str, seconds: float, work: Callable[[], Awaitable[None]]
    ) -> None:
        """Run `work` every so many seconds; log an unreachable database once per outage. A second
        failure in a row makes the process unready."""
        failing = False
        while True:
            await asyncio.sleep(min(seconds, RETRY_INTERVAL) if failing else seconds)
            try:
                await work()
            except db.Failure:
                if not failing:
                    log.exception("the database is unreachable", extra={"data": {"task": name}})
                set_failing(name, failing)
                failing = True
            else:
                failing = False
                set_failing(name, False)

    async def _check_access(self) -> None:
        rooms = list(self.rooms.values())
        for room in rooms:
            for socket in room.sockets():
                socket.abort_if_stalled()
        for at in range(0, len(rooms), MAX_ROOMS_PER_QUERY):
            await self._recheck_rooms(rooms[at : at + MAX_ROOMS_PER_QUERY])

    async def _for_each_room(
        self, work: Callable[[Room], Awaitable[None]], rooms: Iterable[Room] | None = None
    ) -> None:
        """Do something in each room; a room where it fails keeps no other from its turn.

        Raises db.Failure afterwards if that is why it failed.
        """
        failure: Exception | None = None
        for room in list(self.rooms.values() if rooms is None else rooms):
            try:
                await work(room)
            except db.Failure as exc:
                failure = exc
            except Exception:  # a fault of one room, which the others must not feel
                log.exception("a task of a room failed", extra={"data": {"room": str(room.uuid)}})
        if failure is not None:
            raise failure

    async def _apply_board_rules(self) -> None:
        """Not with the access check: an index of a large board may take seconds to make."""
        await self._for_each_room(lambda room: room.apply_board_rules())

    async def _refresh_presence(self) -> None:
        """Needs no database: other processes would take this one for dead while it is away."""

        async def refresh(room: Room) -> None:
            self._heartbeat(room)
            room.renew_ice_servers()

        await self._for_each_room(refresh)

    async def _record_attendance(self) -> None:
        peers = [peer for room in self.rooms.values() for peer in room.presence.local]
        if peers:
            await db.run(services.record_seen, peers=peers, now=timezone.now())
        await self._deliver_missed_chat()
        await self._for_each_room(lambda room: room.record_pending_arrivals())

    async def _notify_saving(self) -> None:
        since = self.writer.unsaved_since if self.writer.is_late else None

        async def notify(room: Room) -> None:
            room.notify_saving(since)
            room.notify_board_size()

        await self._for_each_room(notify)

    async def _maintain_boards(self) -> None:
        async def maintain(room: Room) -> None:
            room.board.unload_if_idle()
            await self.board_storage.add_version(room.session_id, room.board, VERSION_INTERVAL)
            await self.board_storage.compact_if_due(room.session_id, room.board)
            await room.storage_check.run(room.access.lesson.tutor_id)

        await self._for_each_room(maintain)

    async def _complete_past_lessons(self) -> None:
        await db.run(services.complete_past_lessons, lessons=self.lessons, now=timezone.now())

    def _heartbeat(self, room: Room) -> None:
        """Send this process's heartbeat and expire processes that sent none.

        The last updates of a dead process may be in memory here and nowhere else, so the board
        is made due for compaction.
        """
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
        loaded: dict[int, RoomAccess] = await db.run(
            load_room_access, [r.session_id for r in rooms], people, lessons=self.lessons
        )
        number_of = dict(zip(rooms, numbers, strict=True))

        async def apply(room: Room) -> None:
            await room.apply_access(loaded.get(room.session_id), number_of[room])

        await self._for_each_room(apply, rooms)

    # -- other processes --------------------------------------------------------------------

    def _on_messages(self, uuid: UUID, process: str, messages: list[BusMessage]) -> None:
        room = self.rooms.get(uuid)
        if room is not None:
            for message in messages:
                work = handlers.receive(room, process, message)
                if work is not None:
                    self.spawn(work)

    def _resync(self, since: datetime) -> None:
        """After Redis is reachable again: resynchronise all rooms, and have the next presence task
        deliver the chat missed since `since` from the database."""
        self._missed_since = min(since, self._missed_since or since)
        for room in self.rooms.values():
            room.presence.reset_heartbeats()
            room.resync()

    async def _deliver_missed_chat(self) -> None:
        """Deliver missed chat, selected by time since the ids of several processes interleave."""
        since, self._missed_since = self._missed_since, None
        if since is None:
            return

        async def deliver(room: Room) -> None:
            for row in await db.run(services.messages_since, room.session_id, since):
                room.deliver_locally(wire.Chat(as_message(row)))

        try:
            await self._for_each_room(deliver)
        except db.Failure:
            self._missed_since = min(since, self._missed_since or since)
            raise

    def recheck_threadsafe(self, uuid: UUID) -> None:
        """Check the access of a room now; may be called from any thread."""
        self.loop.call_soon_threadsafe(self._start_recheck, uuid)

    def _start_recheck(self, uuid: UUID) -> None:
        room = self.rooms.get(uuid)
        if room is not None:
            self.spawn(room.recheck())

    def apply_update_threadsafe(self, uuid: UUID, update: bytes) -> None:
        """Apply an update that is already stored; may be called from any thread."""
        self.loop.call_soon_threadsafe(self._apply_update, uuid, update)

    def _apply_update(self, uuid: UUID, update: bytes) -> None:
        room = self.rooms.get(uuid)
        if room is not None:
            self.spawn(room.board.apply_stored_update(update))
