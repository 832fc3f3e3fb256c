"""What processes tell each other about a room, by way of the bus."""

import msgspec
from msgspec import Struct

from apps.classroom.realtime.events.presence import Present


class Broadcast(Struct, tag="cast", frozen=True):
    """A JSON frame for everybody who is in, the tutor's sockets, or one peer.

    `audience` is `in`, `tutor` or the peer's id."""

    audience: str
    frame: str


class LocalPeers(Struct, tag="here", frozen=True):
    """Everyone connected to the sending process; replaces what it said before."""

    peers: list[Present]


class Hello(Struct, tag="hello", frozen=True):
    """The sender has just opened the room, or found the others again: say who is there."""


class Recheck(Struct, tag="recheck", frozen=True):
    """Something that rights hang on has changed in the database."""


class Deny(Struct, tag="deny", frozen=True):
    """The tutor sends a waiting person away."""

    person: str


class BoardFrame(Struct, tag="frame", frozen=True):
    """A board frame that was checked and stored."""

    data: bytes


class DiffRequest(Struct, tag="ask", frozen=True):
    """Send what the board with this state vector lacks; `back` asks for one in return."""

    state_vector: bytes
    back: bool


BusMessage = Broadcast | LocalPeers | Hello | Recheck | Deny | BoardFrame | DiffRequest


class Envelope(Struct, array_like=True, frozen=True):
    """Several messages from one process in one Redis message.

    `sent_at`, in Unix seconds, rises with each of a process, so that none is taken twice."""

    process: str
    sent_at: float
    messages: list[BusMessage]


_decoder: msgspec.msgpack.Decoder[Envelope] = msgspec.msgpack.Decoder(Envelope)
_encoder = msgspec.msgpack.Encoder()


def pack(process: str, sent_at: float, messages: list[BusMessage]) -> bytes:
    return _encoder.encode(Envelope(process, sent_at, messages))


def unpack(payload: bytes) -> Envelope:
    return _decoder.decode(payload)
