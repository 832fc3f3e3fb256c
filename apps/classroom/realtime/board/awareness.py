"""Who points where on a board: y-protocols' awareness, in which nobody speaks for anybody else.

The server writes person, name and role into each state, so that a cursor tells who really moves it.
"""

from collections import Counter
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
MAX_REMOVED = 1000
# States of one frame that are read and passed on.
MAX_STATES_PER_FRAME = MAX_PER_SOCKET
# Of others, beyond those that are known here: who has been on another server may have heard more.
MAX_UNHEARD = 64
MAX_FIELDS = 32

Owner = Socket | str  # a socket here, or the id of the process that has it


class Pointer(Struct):
    x: float
    y: float
    tool: str = "pointer"


# What Kreida's own client says of itself; a stock client's fields are passed on as they are.
_FIELDS: dict[str, Any] = {
    "page": str,
    "pointer": Pointer | None,
    "button": str,
    "selected": dict[str, bool],
}
_REMOVED = b"null"


def with_identity(state: bytes, person: Person) -> bytes:
    """The state as others may see it: the server writes whose it is, and leaves out a field of a
    type that no client expects. Raises Malformed for what is no JSON object."""
    try:
        fields = msgspec.json.decode(state)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise Malformed("a state is not JSON") from exc
    if fields is None:
        return _REMOVED
    if not isinstance(fields, dict) or len(fields) > MAX_FIELDS:
        raise Malformed("a state is no object, or one of too many fields")
    known = {name: value for name, value in fields.items() if _fits(name, value)}
    role = person.role.value
    return msgspec.json.encode({**known, "person": person.key, "name": person.name, "role": role})


def _fits(name: str, value: Any) -> bool:
    if name not in _FIELDS:
        return True
    try:
        msgspec.convert(value, _FIELDS[name])
    except msgspec.ValidationError:
        return False
    return True


class _Signed(Struct):
    person: str


_signed_decoder = msgspec.json.Decoder(_Signed)


def _person_of(entry: Entry, owner: Owner) -> str | None:
    """Who a state of `owner` is about; None where another process does not say."""
    if isinstance(owner, Socket):
        return owner.person.key
    try:
        return _signed_decoder.decode(entry.state).person
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


class Gone(Struct, frozen=True):
    """A client that has left: its last clock, and whose it was and stays."""

    clock: int
    person: str | None


class Awareness:
    def __init__(self) -> None:
        self._known: dict[int, tuple[Entry, Owner]] = {}
        self._owned: Counter[Owner] = Counter()
        self._removed: dict[int, Gone] = {}

    def __bool__(self) -> bool:
        return bool(self._known)

    def frame(self) -> bytes:
        return yproto.awareness_frame([entry for entry, _owner in self._known.values()])

    def own_frame(self) -> bytes | None:
        """Those of this process."""
        mine = [entry for entry, owner in self._known.values() if isinstance(owner, Socket)]
        return yproto.awareness_frame(mine) if mine else None

    def apply(self, socket: Socket, entries: Sequence[Entry]) -> list[Entry]:
        """What is newer than known, of clients that are the sender's own. A client counts once,
        and an honest one repeats no more than it heard. Raises Refused, or Malformed."""
        most = len(self._known) + len(self._removed) + MAX_PER_SOCKET + MAX_UNHEARD
        fresh: list[Entry] = []
        nudged: list[Entry] = []
        for entry in {entry.client: entry for entry in entries[:most]}.values():
            if len(fresh) + len(nudged) >= MAX_STATES_PER_FRAME:
                break
            known = self._known.get(entry.client)
            if len(entry.state) > MAX_STATE:
                raise Refused(Close.TOO_LARGE)
            if known is not None and not self._may_replace(socket, entry, *known):
                continue
            if known is None and (entry.state == _REMOVED or self._owned[socket] >= MAX_PER_SOCKET):
                continue
            gone = self._removed.get(entry.client)
            if gone is not None and gone.person not in (None, socket.person.key):
                continue
            if gone is not None and entry.clock <= gone.clock:
                nudged.append(Entry(entry.client, gone.clock, _REMOVED))
                continue
            own = entry._replace(state=with_identity(entry.state, socket.person))
            self._set(own, socket)
            fresh.append(own)
        if nudged:
            self._refresh_awareness(socket, nudged)
        return fresh

    def apply_remote(self, entries: Sequence[Entry], process: str) -> list[Entry]:
        """The same of another process, which has checked them."""
        fresh = []
        for entry in entries:
            known = self._known.get(entry.client)
            if known is None or entry.clock >= known[0].clock:
                self._set(entry, process)
                fresh.append(entry)
        return fresh

    def remove_where(self, belongs: Callable[[Owner], bool]) -> list[Entry]:
        gone = [
            Entry(entry.client, entry.clock, _REMOVED)
            for entry, owner in self._known.values()
            if belongs(owner)
        ]
        for entry in gone:
            self._mark_removed(entry)
        return gone

    @staticmethod
    def _refresh_awareness(socket: Socket, gone: list[Entry]) -> None:
        """A client that is back with the clock it left with would not be believed by the others.
        Told that it has gone, it says with a higher clock that it has not (y-protocols)."""
        socket.push(yproto.awareness_frame(gone))

    @staticmethod
    def _may_replace(socket: Socket, entry: Entry, known: Entry, owner: Owner) -> bool:
        """A reconnected client may take over its own cursor, and nobody anybody else's. Stock
        clients repeat to the server what they heard about others."""
        if not isinstance(owner, Socket) or owner.person.key != socket.person.key:
            return False
        gone = entry.clock == known.clock and entry.state == _REMOVED
        return entry.clock > known.clock or gone

    def _set(self, entry: Entry, owner: Owner) -> None:
        if entry.state == _REMOVED:
            self._mark_removed(entry)
        else:
            self._drop(entry.client)
            self._known[entry.client] = (entry, owner)
            self._owned[owner] += 1
            self._removed.pop(entry.client, None)

    def _drop(self, client: int) -> None:
        if (known := self._known.pop(client, None)) is not None:
            self._owned[known[1]] -= 1
            if not self._owned[known[1]]:
                del self._owned[known[1]]

    def _mark_removed(self, entry: Entry) -> None:
        known, gone = self._known.get(entry.client), self._removed.get(entry.client)
        person = _person_of(*known) if known else gone.person if gone else None
        self._drop(entry.client)
        self._removed[entry.client] = Gone(entry.clock, person)
        if len(self._removed) > MAX_REMOVED:
            del self._removed[next(iter(self._removed))]
