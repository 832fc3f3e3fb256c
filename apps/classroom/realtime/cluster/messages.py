"""The messages between processes about a room, sent over the bus."""

import msgspec
from msgspec import Struct

from apps.classroom.realtime.events.presence import Present


class Broadcast(Struct, tag="cast", frozen=True):
    """A JSON frame for everybody in the room, the tutor's sockets, or one peer.

    `audience` is `in`, `tutor` or the peer's id.
    """

    audience: str
    frame: str


class LocalPeers(Struct, tag="here", frozen=True):
    """All peers of the sending process; replaces its previous list."""

    peers: list[Present]


class Hello(Struct, tag="hello", frozen=True):
    """The sender opened the room or reconnected: answer with peers and awareness."""


class Recheck(Struct, tag="recheck", frozen=True):
    """Somebody's access may have changed in the database: check it now."""


class Deny(Struct, tag="deny", frozen=True):
    """The tutor turns away a waiting person."""

    person: str


class BoardFrame(Struct, tag="frame", frozen=True):
    """A board frame that the sender has checked: an update or awareness."""

    data: bytes


class DiffRequest(Struct, tag="ask", frozen=True):
    """Send the updates missing from this state vector; `back` requests the same in return."""

    state_vector: bytes
    back: bool


BusMessage = Broadcast | LocalPeers | Hello | Recheck | Deny | BoardFrame | DiffRequest


class Envelope(Struct, array_like=True, frozen=True):
    """Several messages from one process in one Redis message.

    `sent_at` (Unix seconds) increases with each envelope of a process, which reveals replays.
    """

    process: str
    sent_at: float
    messages: list[BusMessage]


_decoder: msgspec.msgpack.Decoder[Envelope] = msgspec.msgpack.Decoder(Envelope)
_encoder = msgspec.msgpack.Encoder()


def pack(process: str, sent_at: float, messages: list[BusMessage]) -> bytes:
    return _encoder.encode(Envelope(process, sent_at, messages))


def unpack(payload: bytes) -> Envelope:
    return _decoder.decode(payload)
