"""Awareness of a board (y-protocols): cursors and selections of the connected clients.

Clients may set only their own states. The server writes person, name and role into each state, so
that nobody can pretend to be somebody else.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from apps.classroom.policies import Person
from apps.classroom.realtime.board import yproto
from apps.classroom.realtime.board.varints import Malformed
from apps.classroom.realtime.board.yproto import Entry
from apps.classroom.realtime.events.protocol import Close
from apps.classroom.realtime.server.sockets import Refused, Socket

MAX_STATE = 16 * 1024
MAX_PER_SOCKET = 8
# Client ids that stay reserved after they have left. At the limit of the board, MAX_REMOVED, the
# person with the most loses one.
MAX_REMOVED_PER_PERSON = 100
MAX_REMOVED = 1000
# States of one frame that are applied and broadcast.
MAX_STATES_PER_FRAME = MAX_PER_SOCKET
# States in a frame that may belong to clients unknown here: a client that was connected to another
# process repeats what it received there.
MAX_UNKNOWN = 64
MAX_FIELDS = 32

Owner = Socket | str  # a socket of this process, or the id of another process


class Pointer(Struct):
    x: float
    y: float
    tool: str = "pointer"


# The fields of Kreida's own client and their types; other fields are passed on unchecked.
_FIELDS: dict[str, Any] = {
    "page": str,
    "pointer": Pointer | None,
    "button": str,
    "selected": dict[str, bool],
    "view": tuple[float, float, float, float] | None,
    "gathered": int,
}
_REMOVED = b"null"


def with_identity(state: bytes, person: Person) -> bytes:
    """Return the state with person, name and role set, and without known fields of a wrong type.

    Raises Malformed if the state is not a JSON object or null.
    """
    try:
        fields = msgspec.json.decode(state)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise Malformed("a state is not JSON") from exc
    if fields is None:
        return _REMOVED
    if not isinstance(fields, dict) or len(fields) > MAX_FIELDS:
        raise Malformed("a state is not an object or has too many fields")
    kept = {name: value for name, value in fields.items() if _is_valid_field(name, value)}
    role = person.role.value
    return msgspec.json.encode({**kept, "person": person.key, "name": person.name, "role": role})


def _is_valid_field(name: str, value: Any) -> bool:
    if name not in _FIELDS:
        return True
    try:
        msgspec.convert(value, _FIELDS[name])
    except msgspec.ValidationError:
        return False
    return True


class _Identified(Struct):
    person: str


_identified_decoder = msgspec.json.Decoder(_Identified)


def _person_of(entry: Entry, owner: Owner) -> str | None:
    """Return whose state it is; None if another process sent a state without a person."""
    if isinstance(owner, Socket):
        return owner.person.key
    try:
        return _identified_decoder.decode(entry.state).person
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


class RemovedClient(Struct, frozen=True):
    """A client that has left: its last clock and whose it was. Its id stays reserved for them."""

    clock: int
    person: str | None


class Awareness:
    """The awareness states of one board, with the socket or process that each came from."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Entry, Owner]] = {}
        self._owned: Counter[Owner] = Counter()
        self._removed: dict[int, RemovedClient] = {}
        # The clients in `_removed` by person, the oldest first.
        self._removed_of: defaultdict[str | None, dict[int, None]] = defaultdict(dict)

    def __bool__(self) -> bool:
        return bool(self._known)

    def person_of(self, client: int) -> str | None:
        """Return whose a client id is, as far as it is known."""
        known, removed = self._known.get(client), self._removed.get(client)
        return _person_of(*known) if known else removed.person if removed else None

    def frame(self) -> bytes:
        return yproto.awareness_frame([entry for entry, _owner in self._known.values()])

    def local_frame(self) -> bytes | None:
        """Return the states of this process's sockets as a frame, or None if there are none."""
        local = [entry for entry, owner in self._known.values() if isinstance(owner, Socket)]
        return yproto.awareness_frame(local) if local else None

    def apply(self, socket: Socket, entries: Sequence[Entry]) -> list[Entry]:
        """Apply a frame's states of the sender's own clients; return those that were new.

        Each client id counts once. Entries beyond what an honest client can know are ignored.
        Raises Refused or Malformed.
        """
        limit = len(self._known) + len(self._removed) + MAX_PER_SOCKET + MAX_UNKNOWN
        accepted: list[Entry] = []
        outdated: list[Entry] = []
        for entry in {entry.client: entry for entry in entries[:limit]}.values():
            if len(accepted) + len(outdated) >= MAX_STATES_PER_FRAME:
                break
            known = self._known.get(entry.client)
            if len(entry.state) > MAX_STATE:
                raise Refused(Close.TOO_LARGE)
            if known is not None and not self._may_replace(socket, entry, *known):
                continue
            if known is None and (entry.state == _REMOVED or self._owned[socket] >= MAX_PER_SOCKET):
                continue
            removed = self._removed.get(entry.client)
            if removed is not None and removed.person not in (None, socket.person.key):
                continue
            if removed is not None and entry.clock <= removed.clock:
                outdated.append(Entry(entry.client, removed.clock, _REMOVED))
                continue
            own = entry._replace(state=with_identity(entry.state, socket.person))
            self._set(own, socket)
            accepted.append(own)
        if outdated:
            self._refresh_awareness(socket, outdated)
        return accepted

    def apply_remote(self, entries: Sequence[Entry], process: str) -> list[Entry]:
        """Apply states that another process has checked; return those that were new."""
        accepted = []
        for entry in entries:
            known = self._known.get(entry.client)
            if known is None or entry.clock >= known[0].clock:
                self._set(entry, process)
                accepted.append(entry)
        return accepted

    def remove_where(self, matches: Callable[[Owner], bool]) -> list[Entry]:
        """Remove the states whose owner matches; return their removals, to be broadcast."""
        removed = [
            Entry(entry.client, entry.clock, _REMOVED)
            for entry, owner in self._known.values()
            if matches(owner)
        ]
        for entry in removed:
            self._mark_removed(entry)
        return removed

    @staticmethod
    def _refresh_awareness(socket: Socket, removed: list[Entry]) -> None:
        """Make a returning client raise its clock.

        Others ignore a state whose clock is not higher than that of its removal. A client that
        receives its own removal sends its state again with a higher clock (y-protocols).
        """
        socket.push(yproto.awareness_frame(removed))

    @staticmethod
    def _may_replace(socket: Socket, entry: Entry, known: Entry, owner: Owner) -> bool:
        """Whether the sender may replace a known state: only a newer one of the same person.

        Stock clients also send the states they received from others, which are ignored.
        """
        if not isinstance(owner, Socket) or owner.person.key != socket.person.key:
            return False
        is_removal = entry.clock == known.clock and entry.state == _REMOVED
        return entry.clock > known.clock or is_removal

    def _set(self, entry: Entry, owner: Owner) -> None:
        if entry.state == _REMOVED:
            self._mark_removed(entry)
        else:
            self._drop(entry.client)
            self._known[entry.client] = (entry, owner)
            self._owned[owner] += 1
            self._forget_removed(entry.client)

    def _drop(self, client: int) -> None:
        if (known := self._known.pop(client, None)) is not None:
            self._owned[known[1]] -= 1
            if not self._owned[known[1]]:
                del self._owned[known[1]]

    def _mark_removed(self, entry: Entry) -> None:
        person = self.person_of(entry.client)
        self._drop(entry.client)
        self._forget_removed(entry.client)
        self._removed[entry.client] = RemovedClient(entry.clock, person)
        clients = self._removed_of[person]
        clients[entry.client] = None
        if len(self._removed) > MAX_REMOVED:
            clients = max(self._removed_of.values(), key=len)
        if len(clients) > MAX_REMOVED_PER_PERSON or len(self._removed) > MAX_REMOVED:
            self._forget_removed(next(iter(clients)))

    def _forget_removed(self, client: int) -> None:
        if (removed := self._removed.pop(client, None)) is not None:
            clients = self._removed_of[removed.person]
            del clients[client]
            if not clients:
                del self._removed_of[removed.person]
