"""One open room of this process: its board, events sockets, presence and access state."""

import logging
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.utils import timezone

from apps.classroom import services
from apps.classroom.access_state import load_room_access
from apps.classroom.ice import RENEW_AFTER, ice_servers
from apps.classroom.lessons import Lessons
from apps.classroom.models import ChatMessage
from apps.classroom.policies import (
    Person,
    Role,
    RoomAccess,
    must_wait,
    readable_since,
    refusal,
)
from apps.classroom.queries import newest_messages
from apps.classroom.realtime.board.board import Board
from apps.classroom.realtime.board.limits import PeopleLimits
from apps.classroom.realtime.board.receiver import FrameReceiver
from apps.classroom.realtime.cluster import messages
from apps.classroom.realtime.cluster.bus import Bus
from apps.classroom.realtime.events import protocol as wire
from apps.classroom.realtime.events.presence import Changes, Presence, Present
from apps.classroom.realtime.events.protocol import Close
from apps.classroom.realtime.server import db
from apps.classroom.realtime.server.board_locks import BoardLocks
from apps.classroom.realtime.server.sockets import CLOSE_CODES, Socket
from apps.classroom.realtime.server.storage_check import StorageCheck

log = logging.getLogger("kreida.room")


def as_message(row: ChatMessage) -> wire.ChatMessage:
    return wire.ChatMessage(row.uuid, row.person, row.name, row.role, row.text, row.sent_at)


class Room:
    def __init__(
        self,
        uuid: UUID,
        access: RoomAccess,
        *,
        lessons: Lessons,
        bus: Bus,
        board: Board,
        limits: PeopleLimits,
    ) -> None:
        self.uuid = uuid
        self.session_id = access.session_id
        self.access = access
        self.lessons = lessons
        self.bus = bus
        self.board = board
        self.receiver = FrameReceiver(board, limits)
        self.locks = BoardLocks(board, access.session_id, access.board)
        self.receiver.set_rules(access.board)
        self.storage_check = StorageCheck(board)
        self.presence = Presence(self._notify_presence)
        self.events: dict[UUID, Socket] = {}
        self._entering: dict[UUID, list[str]] = {}  # by peer: frames held until its welcome
        self._pending_arrivals: dict[UUID, tuple[Socket, datetime]] = {}
        self._ice_issued_at: dict[UUID, float] = {}  # by peer, on the monotonic clock
        self._allowed: set[Socket] = set()  # sockets that may act in the present access state
        self._unsaved_since: datetime | None = None
        self._size_level = "ok"  # the level of the board's size last sent to the room
        self._rechecks_begun = self._last_applied_recheck = 0

    @property
    def is_empty(self) -> bool:
        return not self.events and not self.board.sockets

    def sockets(self) -> list[Socket]:
        return [*self.events.values(), *self.board.sockets]

    # -- broadcasting -----------------------------------------------------------------------

    def publish(self, message: messages.BusMessage) -> None:
        self.bus.publish(self.uuid, message)

    def broadcast(self, message: wire.Outgoing, audience: str = "in") -> None:
        """Send to an audience (`in`, `tutor` or a peer's id) in all processes."""
        frame = wire.encode(message)
        self.deliver_broadcast(frame, audience)
        self.publish(messages.Broadcast(audience, frame))

    def deliver_broadcast(self, frame: str, audience: str) -> None:
        """Deliver a frame in this process, and hold it for peers who are just entering: the chat in
        their welcome may be older."""
        self._deliver(frame, audience)
        if audience == "in":
            for held_frames in self._entering.values():
                held_frames.append(frame)

    def deliver_locally(self, message: wire.Outgoing) -> None:
        """Send to everybody who is in the room, in this process only."""
        self.deliver_broadcast(wire.encode(message), "in")

    def _deliver(self, frame: str, audience: str, exclude: UUID | None = None) -> None:
        for peer, present in self.presence.local.items():
            socket = self.events.get(peer)
            if (
                socket is not None
                and peer != exclude
                and self._is_addressed(audience, present, socket)
            ):
                socket.push(frame)

    @staticmethod
    def _is_addressed(audience: str, present: Present, socket: Socket) -> bool:
        if audience == "in":
            return not present.waiting
        to_tutor = audience == "tutor" and socket.person.is_tutor
        return to_tutor or audience == str(socket.peer)

    def _notify_presence(self, changes: Changes) -> None:
        """Send presence changes to the sockets of this process; each process does so itself."""
        for peer in changes.joined:
            self._deliver(wire.encode(wire.PeerJoined(peer)), "in", exclude=peer.peer)
        for peer in changes.changed:
            self._deliver(wire.encode(wire.PeerChanged(peer)), "in", exclude=peer.peer)
        for peer_id in changes.left:
            self._deliver(wire.encode(wire.PeerLeft(peer_id)), "in")
        if changes.lobby:
            self.notify_lobby()

    def notify_lobby(self) -> None:
        lobby = wire.Lobby(self.presence.waiting(), self.access.lobby_enabled)
        self._deliver(wire.encode(lobby), "tutor")

    def publish_presence(self) -> None:
        """Send this process's peers to the other processes; also its heartbeat."""
        peers = list(self.presence.local.values())
        self.publish(messages.LocalPeers(peers))
        self.bus.store_presence(self.uuid, peers)

    # -- entering and leaving ---------------------------------------------------------------

    async def enter(self, socket: Socket) -> None:
        """Add an events socket to the room or its lobby, and send its welcome."""
        person = socket.person
        self.events[socket.peer] = socket
        peer = wire.Peer(socket.peer, person.key, person.name, person.role.value, socket.since)
        waiting = must_wait(self.access, person)
        if waiting:
            self._welcome(socket, [], waiting=True)
        else:
            await self._admit(socket)
        if socket.peer in self.events:
            self.presence.set(Present(peer, waiting))
            self.publish_presence()

    async def _admit(self, socket: Socket) -> None:
        held_frames = self._entering[socket.peer] = []
        try:
            chat = await self._record_arrival(socket)
        finally:
            del self._entering[socket.peer]
        self._welcome(socket, [as_message(row) for row in chat], waiting=False)
        for frame in held_frames:
            socket.push(frame)

    async def _record_arrival(self, socket: Socket) -> list[ChatMessage]:
        """Record the arrival and return the chat for the welcome.

        A database failure keeps nobody out: the arrival is recorded later and the chat is empty.
        """
        now = timezone.now()
        try:
            await self._record_joining(socket, now)
        except db.Failure:
            log.exception("an arrival could not be recorded")
            self._pending_arrivals[socket.peer] = (socket, now)
        since = readable_since(self.access, socket.person, now)
        try:
            chat, _more = await db.run(
                newest_messages, self.session_id, limit=wire.CHAT_ON_ENTRY, since=since
            )
        except db.Failure:
            log.exception("the chat could not be read")
            return []
        return chat

    async def _record_joining(self, socket: Socket, at: datetime) -> None:
        person = socket.person
        if person.role == "guest":
            await db.run(services.record_entry, session_id=self.session_id, guest=person)
        await db.run(
            services.record_join,
            session_id=self.session_id,
            peer=socket.peer,
            person=person,
            joined_at=at,
            now=timezone.now(),
        )

    async def record_pending_arrivals(self) -> None:
        """Record the arrivals that failed before, of peers still connected. Raises db.Failure."""
        for peer, (socket, at) in list(self._pending_arrivals.items()):
            if peer in self.events:
                await self._record_joining(socket, at)
            self._pending_arrivals.pop(peer, None)

    def _welcome(self, socket: Socket, chat: list[wire.ChatMessage], *, waiting: bool) -> None:
        person, access = socket.person, self.access
        state = "waiting" if waiting else "in"
        you = wire.You(socket.peer, person.key, person.name, person.role.value, socket.since, state)
        room = wire.RoomInfo(
            access.lesson.id,
            access.lobby_enabled,
            self.locks.describe(person),
            access.timer_ends_at,
            timezone.now(),
        )
        peers = [] if waiting else self.presence.peers(exclude=socket.peer)
        lobby = self.presence.waiting() if person.is_tutor else []
        servers = [] if waiting else self._ice_servers(socket)
        welcome = wire.Welcome(wire.VERSION, you, room, peers, lobby, chat, servers)
        socket.push(wire.encode(welcome))
        if self._unsaved_since is not None and not waiting:
            socket.push(wire.encode(wire.Saving(False, self._unsaved_since)))
        if self._size_level != "ok" and not waiting:
            socket.push(wire.encode(self.board.size_report()))

    def _ice_servers(self, socket: Socket) -> list[dict[str, Any]]:
        servers = ice_servers(socket.person.key, timezone.now())
        if servers:
            self._ice_issued_at[socket.peer] = time.monotonic()
        return servers

    def renew_ice_servers(self) -> None:
        """Send new TURN credentials to peers whose own will expire soon."""
        due = time.monotonic() - RENEW_AFTER.total_seconds()
        for peer, since in list(self._ice_issued_at.items()):
            socket = self.events.get(peer)
            if socket is not None and since <= due:
                socket.push(wire.encode(wire.Ice(self._ice_servers(socket))))

    def notify_saving(self, since: datetime | None) -> None:
        """Report when the oldest unsaved update was made, if that changed; None: all is saved."""
        if since == self._unsaved_since:
            return
        self._unsaved_since = since
        self.deliver_locally(wire.Saving(since is None, since))

    def notify_board_size(self) -> None:
        report = self.board.size_report()
        if report.level != self._size_level:
            self._size_level = report.level
            self.deliver_locally(report)

    async def leave(self, socket: Socket) -> None:
        self.events.pop(socket.peer, None)
        self._ice_issued_at.pop(socket.peer, None)
        left = self.presence.remove(socket.peer)
        self.publish_presence()
        if left is None or left.waiting:
            return
        try:
            await db.run(services.record_leave, peer=socket.peer, now=timezone.now())
        except db.Failure:  # the attendance then ends at `seen_at`
            log.exception("a departure could not be recorded")

    def update_peer(self, socket: Socket, **fields: object) -> None:
        present = self.presence.local[socket.peer]
        peer = msgspec.structs.replace(present.peer, **fields)
        self.presence.set(Present(peer, present.waiting))
        self.publish_presence()

    # -- access -----------------------------------------------------------------------------

    async def recheck(self) -> None:
        """Load the access state and apply it; if it cannot be loaded, the registry's periodic
        check does so later."""
        number = self.begin_recheck()
        try:
            loaded = await db.run(
                load_room_access, [self.session_id], self.people(), lessons=self.lessons
            )
        except db.Failure:
            log.exception("the access to a room could not be loaded")
            return
        await self.apply_access(loaded.get(self.session_id), number)
        await self.apply_board_rules()

    async def apply_board_rules(self) -> None:
        """Guard the board by the rules of the current access, and send them if they changed."""
        if await self.locks.apply():
            for peer, present in self.presence.local.items():
                if not present.waiting:
                    rules = self.locks.describe(self.events[peer].person)
                    self.events[peer].push(wire.encode(wire.BoardRulesChanged(rules)))

    def begin_recheck(self) -> int:
        """Return the number of a check that begins now: of two overlapping checks, the one that
        began later wins."""
        self._rechecks_begun += 1
        return self._rechecks_begun

    async def recheck_everywhere(self) -> None:
        self.publish(messages.Recheck())
        await self.recheck()

    def people(self) -> set[Person]:
        return {socket.person for socket in self.sockets()}

    async def apply_access(self, access: RoomAccess | None, number: int) -> None:
        """Apply a newly loaded access state (None: the room no longer exists).

        Closes sockets that lost their access, admits guests who need not wait any more, and sends
        what changed to the room.
        """
        if number < self._last_applied_recheck:
            return
        self._last_applied_recheck = number
        if access is None:
            for socket in self.sockets():
                socket.close(Close.NO_SUCH_ROOM)
            return
        previous, self.access = self.access, access
        self._allowed.clear()
        self.receiver.set_rules(access.board)
        if access.lesson.is_completed and not previous.lesson.is_completed:
            self._deliver(wire.encode(wire.Ended()), "in")
        now = timezone.now()
        for socket in self.sockets():
            reason = refusal(access, socket.person, now)
            if reason is not None:
                socket.close(CLOSE_CODES[reason])
        self._close_who_must_wait_again()
        if access.timer_ends_at != previous.timer_ends_at:
            self._deliver(wire.encode(wire.Timer(access.timer_ends_at)), "in")
        if access.lobby_enabled != previous.lobby_enabled:
            self.notify_lobby()
        for present in list(self.presence.local.values()):
            await self._admit_if_allowed(present)

    def _close_who_must_wait_again(self) -> None:
        """Close the sockets of guests who have to wait after all: their clients connect again, and
        then get the welcome of the lobby."""
        for socket in self.board.sockets:
            if must_wait(self.access, socket.person):
                socket.close(Close.WAITING)
        for present in self.presence.local.values():
            socket = self.events[present.peer.peer]
            if not present.waiting and must_wait(self.access, socket.person):
                socket.close(Close.RESTARTING)

    async def _admit_if_allowed(self, present: Present) -> None:
        socket = self.events.get(present.peer.peer)
        if socket is None or socket.closing is not None or not present.waiting:
            return
        if socket.peer in self._entering or must_wait(self.access, socket.person):
            return
        await self._admit(socket)
        if socket.peer in self.presence.local:
            self.presence.set(Present(present.peer, waiting=False))
            self.publish_presence()

    def deny(self, person: str) -> None:
        self.publish(messages.Deny(person))
        self.close_waiting(person)

    def close_waiting(self, person: str) -> None:
        for present in self.presence.local.values():
            if present.waiting and present.peer.person == person:
                self.events[present.peer.peer].close(Close.FORBIDDEN)

    def may_act(self, socket: Socket) -> bool:
        """Whether the socket's person may be in the room. Only a guest's right ends with time, so
        others are asked about once for each access state."""
        if socket in self._allowed:
            return True
        person = socket.person
        if refusal(self.access, person, datetime.now(UTC)) is not None:
            return False
        if person.role is not Role.GUEST:
            self._allowed.add(socket)
        return True

    # -- other processes --------------------------------------------------------------------

    def request_diff(self, *, back: bool) -> None:
        self.publish(messages.DiffRequest(self.board.document.state_vector(), back))

    def resync(self) -> None:
        """Exchange state with the other processes, after opening the room or reconnecting."""
        self.publish(messages.Hello())
        self.publish_presence()
        self.board.publish_awareness()
        self.request_diff(back=True)
