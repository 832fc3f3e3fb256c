"""One room in this process: its board, its events sockets, and the facts their rights hang on."""

import logging
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.utils import timezone

from apps.classroom import services
from apps.classroom.facts import facts_of
from apps.classroom.ice import RENEW_AFTER, ice_servers
from apps.classroom.models import ChatMessage
from apps.classroom.policies import Facts, Person, Refusal, must_wait, reads_since, refusal
from apps.classroom.queries import newest_messages
from apps.classroom.realtime import db, yproto
from apps.classroom.realtime import protocol as wire
from apps.classroom.realtime.board import Board
from apps.classroom.realtime.bus import Bus
from apps.classroom.realtime.messages import (
    Ask,
    BusMessage,
    Cast,
    Deny,
    Frame,
    Hello,
    Here,
    Recheck,
)
from apps.classroom.realtime.presence import Changes, Presence, Present
from apps.classroom.realtime.protocol import Close
from apps.classroom.realtime.sockets import Socket
from apps.classroom.realtime.varints import Malformed

log = logging.getLogger("kreida.room")

Spawn = Callable[[Coroutine[Any, Any, None]], None]

CLOSES = {
    Refusal.CANCELLED: Close.CANCELLED,
    Refusal.REMOVED: Close.FORBIDDEN,
    Refusal.SIGNED_OUT: Close.BAD_TICKET,
    Refusal.NO_RIGHT: Close.FORBIDDEN,
    Refusal.NOT_A_MEMBER: Close.FORBIDDEN,
    Refusal.INVITE_REPLACED: Close.INVITE_OVER,
    Refusal.INVITE_EXPIRED: Close.INVITE_OVER,
    Refusal.LESSON_OVER: Close.INVITE_OVER,
}


def as_message(row: ChatMessage) -> wire.Message:
    return wire.Message(row.uuid, row.person, row.name, row.role, row.text, row.sent_at)


class Room:
    def __init__(
        self,
        uuid: UUID,
        session_id: int,
        facts: Facts,
        *,
        bus: Bus,
        store: Callable[[int, bytes], None],
        spawn: Spawn,
    ) -> None:
        self.uuid = uuid
        self.session_id = session_id
        self.facts = facts
        self.bus = bus
        self.board = Board(
            store=lambda update: store(session_id, update),
            publish=lambda frame: self.publish(Frame(frame)),
        )
        self.presence = Presence(self._tell_presence)
        self.events: dict[UUID, Socket] = {}
        self._spawn = spawn
        self._entering: dict[UUID, list[str]] = {}
        self._unrecorded: dict[UUID, tuple[Socket, datetime]] = {}
        self._relay_since: dict[UUID, float] = {}  # by peer: when its credentials were made
        self._not_saved_since: datetime | None = None
        self._level = "ok"  # of how full the board is, as the room was told
        self._asked = self._answered = 0

    @property
    def is_empty(self) -> bool:
        return not self.events and not self.board.sockets

    def sockets(self) -> list[Socket]:
        return [*self.events.values(), *self.board.sockets]

    # -- telling ----------------------------------------------------------------------------

    def publish(self, message: BusMessage) -> None:
        self.bus.publish(self.uuid, message)

    def cast(self, message: wire.Outgoing, audience: str = "in") -> None:
        """To that audience here and in the other processes."""
        frame = wire.encode(message)
        self._deliver_cast(frame, audience)
        self.publish(Cast(audience, frame))

    def _deliver_cast(self, frame: str, audience: str) -> None:
        """Also to those on their way in, once they are: what they read of the chat is older."""
        self._deliver(frame, audience)
        if audience == "in":
            for held in self._entering.values():
                held.append(frame)

    def deliver_here(self, message: wire.Outgoing) -> None:
        """To everybody who is in, in this process alone."""
        self._deliver_cast(wire.encode(message), "in")

    def _deliver(self, frame: str, audience: str, but: UUID | None = None) -> None:
        for peer, present in self.presence.here.items():
            socket = self.events.get(peer)
            if socket is not None and peer != but and self._is_in(audience, present, socket):
                socket.push(frame)

    @staticmethod
    def _is_in(audience: str, present: Present, socket: Socket) -> bool:
        if audience == "in":
            return not present.waiting
        to_tutor = audience == "tutor" and socket.person.is_tutor
        return to_tutor or audience == str(socket.peer)

    def _tell_presence(self, changes: Changes) -> None:
        """To the sockets of this process; each process does so for its own."""
        for peer in changes.joined:
            self._deliver(wire.encode(wire.PeerJoined(peer)), "in", but=peer.peer)
        for peer in changes.changed:
            self._deliver(wire.encode(wire.PeerChanged(peer)), "in", but=peer.peer)
        for gone in changes.left:
            self._deliver(wire.encode(wire.PeerLeft(gone)), "in")
        if changes.lobby:
            self.tell_lobby()

    def tell_lobby(self) -> None:
        lobby = wire.Lobby(self.presence.waiting(), self.facts.lobby_enabled)
        self._deliver(wire.encode(lobby), "tutor")

    def announce(self) -> None:
        """Who is here, to the other processes."""
        here = list(self.presence.here.values())
        self.publish(Here(here))
        self.bus.remember(self.uuid, here)

    # -- coming and going -------------------------------------------------------------------

    async def enter(self, socket: Socket) -> None:
        """Welcomes an events socket, into the room or into its lobby."""
        person = socket.person
        self.events[socket.peer] = socket
        peer = wire.Peer(socket.peer, person.key, person.name, person.role.value, socket.since)
        waiting = must_wait(self.facts, person)
        if waiting:
            self._welcome(socket, [], waiting=True)
        else:
            await self._let_in(socket)
        if socket.peer in self.events:
            self.presence.set(Present(peer, waiting))
            self.announce()

    async def _let_in(self, socket: Socket) -> None:
        held = self._entering[socket.peer] = []
        try:
            chat = await self._record(socket)
        finally:
            del self._entering[socket.peer]
        self._welcome(socket, [as_message(row) for row in chat], waiting=False)
        for frame in held:
            socket.push(frame)

    async def _record(self, socket: Socket) -> list[ChatMessage]:
        """That they are in; answers with the chat so far. A database that cannot store or read
        keeps nobody out: it is recorded later."""
        now = timezone.now()
        try:
            await self._record_joining(socket, now)
        except db.Failure:
            log.exception("an arrival could not be recorded")
            self._unrecorded[socket.peer] = (socket, now)
        since = reads_since(self.facts, socket.person, now)
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
            services.record_joining,
            session_id=self.session_id,
            peer=socket.peer,
            person=person,
            now=at,
        )

    async def record_late(self) -> None:
        """What could not be recorded when somebody came. Raises db.Failure."""
        for peer, (socket, at) in list(self._unrecorded.items()):
            if peer in self.events:
                await self._record_joining(socket, at)
            self._unrecorded.pop(peer, None)

    def _welcome(self, socket: Socket, chat: list[wire.Message], *, waiting: bool) -> None:
        person, facts = socket.person, self.facts
        state = "waiting" if waiting else "in"
        you = wire.You(socket.peer, person.key, person.name, person.role.value, socket.since, state)
        room = wire.RoomState(
            facts.lesson_id, facts.lobby_enabled, facts.timer_ends_at, timezone.now()
        )
        peers = [] if waiting else self.presence.peers(but=socket.peer)
        lobby = self.presence.waiting() if person.is_tutor else []
        relay = [] if waiting else self._relay(socket)
        welcome = wire.Welcome(wire.VERSION, you, room, peers, lobby, chat, relay)
        socket.push(wire.encode(welcome))
        if self._not_saved_since is not None and not waiting:
            socket.push(wire.encode(wire.Saving(False, self._not_saved_since)))
        if self._level != "ok" and not waiting:
            socket.push(wire.encode(self.board.fullness()))

    def _relay(self, socket: Socket) -> list[dict[str, Any]]:
        servers = ice_servers(socket.person.key, timezone.now())
        if servers:
            self._relay_since[socket.peer] = time.monotonic()
        return servers

    def renew_relay(self) -> None:
        """New credentials for those whose own will expire."""
        due = time.monotonic() - RENEW_AFTER.total_seconds()
        for peer, since in list(self._relay_since.items()):
            socket = self.events.get(peer)
            if socket is not None and since <= due:
                socket.push(wire.encode(wire.Ice(self._relay(socket))))

    def tell_saving(self, since: datetime | None) -> None:
        """`since` is when what is not stored yet was drawn; None while all is well."""
        if since == self._not_saved_since:
            return
        self._not_saved_since = since
        self.deliver_here(wire.Saving(since is None, since))

    def tell_fullness(self) -> None:
        fullness = self.board.fullness()
        if fullness.level != self._level:
            self._level = fullness.level
            self.deliver_here(fullness)

    async def leave(self, socket: Socket) -> None:
        self.events.pop(socket.peer, None)
        self._relay_since.pop(socket.peer, None)
        gone = self.presence.drop(socket.peer)
        self.announce()
        if gone is None or gone.waiting:
            return
        try:
            await db.run(services.record_leaving, peer=socket.peer, now=timezone.now())
        except db.Failure:  # until when they were seen is what is left of it
            log.exception("a leaving could not be recorded")

    def change(self, socket: Socket, **fields: object) -> None:
        present = self.presence.here[socket.peer]
        peer = msgspec.structs.replace(present.peer, **fields)
        self.presence.set(Present(peer, present.waiting))
        self.announce()

    # -- rights -----------------------------------------------------------------------------

    async def recheck(self) -> None:
        """Reads the facts anew and does what follows from them; where they cannot be read, the
        hub's next round does."""
        number = self.question()
        try:
            found = await db.run(facts_of, [self.session_id], self.people())
        except db.Failure:
            log.exception("the rights in a room could not be read")
            return
        await self.apply(found.get(self.session_id), number)

    def question(self) -> int:
        """A number for a reading of the facts that is about to begin: of two that overlap, the
        one begun later is believed."""
        self._asked += 1
        return self._asked

    async def recheck_everywhere(self) -> None:
        self.publish(Recheck())
        await self.recheck()

    def people(self) -> set[Person]:
        return {socket.person for socket in self.sockets()}

    async def apply(self, facts: Facts | None, number: int) -> None:
        """Closes whoever has no right any more, lets in whoever need not wait, and tells what
        changed. No facts: the room is gone."""
        if number < self._answered:
            return
        self._answered = number
        if facts is None:
            for socket in self.sockets():
                socket.close(Close.NO_SUCH_ROOM)
            return
        before, self.facts = self.facts, facts
        if facts.completed and not before.completed:
            self._deliver(wire.encode(wire.Ended()), "in")
        now = timezone.now()
        for socket in self.sockets():
            why = refusal(facts, socket.person, now)
            if why is not None:
                socket.close(CLOSES[why])
        for socket in list(self.board.sockets):
            if must_wait(facts, socket.person):
                socket.close(Close.WAITING)
        if facts.timer_ends_at != before.timer_ends_at:
            self._deliver(wire.encode(wire.Timer(facts.timer_ends_at)), "in")
        if facts.lobby_enabled != before.lobby_enabled:
            self.tell_lobby()
        for present in list(self.presence.here.values()):
            await self._end_waiting(present)

    async def _end_waiting(self, present: Present) -> None:
        socket = self.events.get(present.peer.peer)
        if socket is None or socket.closing is not None or not present.waiting:
            return
        if socket.peer in self._entering or must_wait(self.facts, socket.person):
            return
        await self._let_in(socket)
        if socket.peer in self.presence.here:
            self.presence.set(Present(present.peer, waiting=False))
            self.announce()

    def deny_everywhere(self, person: str) -> None:
        self.publish(Deny(person))
        self._deny(person)

    def _deny(self, person: str) -> None:
        for present in self.presence.here.values():
            if present.waiting and present.peer.person == person:
                self.events[present.peer.peer].close(Close.FORBIDDEN)

    def may_act(self, person: Person) -> bool:
        return refusal(self.facts, person, datetime.now(UTC)) is None

    # -- other processes --------------------------------------------------------------------

    def hear(self, process: str, message: BusMessage) -> None:
        match message:
            case Frame(data):
                self._take_frame(data, process)
            case Cast(audience, frame):
                self._deliver_cast(frame, audience)
            case Here(peers):
                self.presence.hear(process, peers)
            case Hello():
                self.announce()
                self._share_cursors()
            case Deny(person):
                self._deny(person)
            case Ask(state_vector, back):
                self._answer(state_vector, back=back)
            case Recheck():
                self._spawn(self.recheck())

    def _take_frame(self, frame: bytes, process: str) -> None:
        try:
            self.board.take_frame(frame, process)
        except Malformed:
            log.exception("a frame from another process could not be read")

    def _answer(self, state_vector: bytes, *, back: bool) -> None:
        try:
            updates = self.board.document.since(state_vector)
        except Malformed:
            return
        for update in updates:
            if update != [yproto.EMPTY_UPDATE]:
                self.publish(Frame(yproto.sync_frame_of(yproto.UPDATE, update)))
        if back:
            self.ask(back=False)

    def ask(self, *, back: bool) -> None:
        self.publish(Ask(self.board.document.state_vector(), back))

    def _share_cursors(self) -> None:
        cursors = self.board.own_cursors()
        if cursors is not None:
            self.publish(Frame(cursors))

    def greet(self) -> None:
        """Having opened the room, or found the others again."""
        self.publish(Hello())
        self.announce()
        self._share_cursors()
        self.ask(back=True)
