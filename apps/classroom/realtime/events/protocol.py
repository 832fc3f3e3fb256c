"""The messages of the events socket and the close codes of both sockets; see docs/protocol.md.

A frame is parsed into one of the structs below or refused.
"""

import json
import re
from datetime import datetime
from enum import IntEnum
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from apps.classroom.policies import Drawing
from apps.common.text import clean_message, is_blank

VERSION = 1
MAX_EVENT = 64 * 1024
MAX_BOARD_FRAME = 1024 * 1024
CHAT_ON_ENTRY = 200


class Close(IntEnum):
    MALFORMED = 4400
    BAD_TICKET = 4401
    FORBIDDEN = 4403
    NO_SUCH_ROOM = 4404
    TOO_SLOW = 4408
    CANCELLED = 4409
    INVITE_OVER = 4410
    OUTDATED = 4412
    TOO_LARGE = 4413
    LOCKED = 4414
    WAITING = 4423
    FLOOD = 4429
    UNAVAILABLE = 4503
    RESTARTING = 1012


PersonKey = Annotated[str, Meta(pattern=r"^(u[0-9]{1,19}|g[0-9a-f-]{36})\Z")]


class Incoming(Struct, tag_field="type", frozen=True, forbid_unknown_fields=True):
    """Base of the messages a client sends."""


class ChatSend(Incoming, tag="chat.send", frozen=True):
    id: UUID
    text: Annotated[str, Meta(min_length=1, max_length=4000)]


class Hand(Incoming, tag="hand", frozen=True):
    raised: bool


class MediaState(Struct, frozen=True, forbid_unknown_fields=True):
    camera: bool = False
    microphone: bool = False
    screen: bool = False
    away: bool | UnsetType = UNSET
    """Set while a phone call or another app has taken the camera or microphone."""


class Media(Incoming, tag="media", frozen=True):
    camera: bool
    microphone: bool
    screen: bool
    away: bool = False


class Signal(Incoming, tag="signal", frozen=True):
    to: UUID
    data: dict[str, Any]


class Quality(Incoming, tag="quality", frozen=True):
    level: Annotated[str, Meta(pattern=r"^(good|fair|poor)\Z")]
    rtt_ms: Annotated[int, Meta(ge=0, le=600_000)] | None = None
    loss: Annotated[float, Meta(ge=0, le=1)] | None = None


class LobbyAdmit(Incoming, tag="lobby.admit", frozen=True):
    person: PersonKey


class LobbyDeny(Incoming, tag="lobby.deny", frozen=True):
    person: PersonKey


class LobbySet(Incoming, tag="lobby.set", frozen=True):
    enabled: bool


class BoardDrawing(Incoming, tag="board.drawing", frozen=True):
    drawing: Drawing


class PageLock(Incoming, tag="page.lock", frozen=True):
    page: Annotated[str, Meta(min_length=1, max_length=100)]
    locked: bool


class Mute(Incoming, tag="mute", frozen=True):
    peer: UUID


class Remove(Incoming, tag="remove", frozen=True):
    person: PersonKey


class TimerSet(Incoming, tag="timer.set", frozen=True):
    seconds: Annotated[int, Meta(ge=0, le=86_400)]


class End(Incoming, tag="end", frozen=True):
    pass


class Ping(Incoming, tag="ping", frozen=True):
    pass


ClientMessage = (
    ChatSend
    | Hand
    | Media
    | Signal
    | Quality
    | LobbyAdmit
    | LobbyDeny
    | LobbySet
    | BoardDrawing
    | PageLock
    | Mute
    | Remove
    | TimerSet
    | End
    | Ping
)
TUTOR_ONLY = (
    LobbyAdmit,
    LobbyDeny,
    LobbySet,
    BoardDrawing,
    PageLock,
    Mute,
    Remove,
    TimerSet,
    End,
)


class Outgoing(Struct, tag_field="type", frozen=True):
    """Base of the messages the server sends."""


class You(Struct, frozen=True):
    peer: UUID
    person: str
    name: str
    role: str
    since: datetime
    state: str


class BoardRules(Struct, frozen=True):
    """The board's locks as they apply to the receiver, whose own Yjs client ids are `clients`."""

    drawing: Drawing
    locked_pages: list[str]
    locked_until: list[tuple[int, int]] = []
    clients: list[int] = []


class RoomInfo(Struct, frozen=True):
    lesson_id: int
    lobby_enabled: bool
    board: BoardRules
    timer_ends_at: datetime | None
    now: datetime


class Peer(Struct, frozen=True):
    """One connection. A person with two tabs is two peers; the later one is in the call."""

    peer: UUID
    person: str
    name: str
    role: str
    since: datetime
    hand: bool = False
    media: MediaState = MediaState()


class Waiting(Struct, frozen=True):
    person: str
    name: str


class ChatMessage(Struct, frozen=True):
    id: UUID
    person: str
    name: str
    role: str
    text: str
    sent_at: datetime


class Welcome(Outgoing, tag="welcome", frozen=True):
    v: int
    you: You
    room: RoomInfo
    peers: list[Peer]
    lobby: list[Waiting]
    chat: list[ChatMessage]
    ice_servers: list[dict[str, Any]]


class Ice(Outgoing, tag="ice", frozen=True):
    """New TURN credentials, sent before the previous ones expire."""

    ice_servers: list[dict[str, Any]]


class PeerJoined(Outgoing, tag="peer.joined", frozen=True):
    peer: Peer


class PeerChanged(Outgoing, tag="peer.changed", frozen=True):
    peer: Peer


class PeerLeft(Outgoing, tag="peer.left", frozen=True):
    peer: UUID


class Lobby(Outgoing, tag="lobby", frozen=True):
    waiting: list[Waiting]
    enabled: bool


class Chat(Outgoing, tag="chat", frozen=True):
    message: ChatMessage


class SignalFrom(Outgoing, tag="signal", rename={"sender": "from"}, frozen=True):
    sender: UUID
    data: dict[str, Any]


class Muted(Outgoing, tag="muted", frozen=True):
    pass


class QualityOf(Outgoing, tag="quality", frozen=True):
    peer: UUID
    level: str
    rtt_ms: int | None
    loss: float | None


class BoardRulesChanged(Outgoing, tag="board.rules", frozen=True):
    rules: BoardRules


class Timer(Outgoing, tag="timer", frozen=True):
    ends_at: datetime | None


class Ended(Outgoing, tag="ended", frozen=True):
    pass


class Saving(Outgoing, tag="saving", frozen=True):
    """Whether changes are being stored; `since` is the time of the oldest that is not."""

    ok: bool
    since: datetime | None


class BoardSize(Outgoing, tag="board.size", frozen=True):
    """Bytes of the board when it was last compacted; `level` is `ok`, `nearly_full`, `full`, or
    `storage_full` if the tutor's quota is used up."""

    used: int
    limit: int
    level: str


class Pong(Outgoing, tag="pong", frozen=True):
    pass


class Error(Outgoing, tag="error", frozen=True):
    """A refused message; `ref` is its `type`, if that could be read."""

    code: str
    detail: str
    ref: str | None = None


class NotJson(Exception):
    """The frame is not a JSON object with a string `type`."""


class BadMessage(Exception):
    """The message has an unknown type or invalid fields."""

    def __init__(self, code: str, ref: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.ref, self.detail = code, ref, detail


class _Head(Struct):
    type: str


_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
_head_decoder = msgspec.json.Decoder(_Head)
_encoder = msgspec.json.Encoder()
MESSAGE_TYPES = {str(kind.__struct_config__.tag): kind for kind in Incoming.__subclasses__()}


def _clean_chat(message: ChatSend) -> ChatSend:
    if is_blank(message.text):
        raise BadMessage("bad_shape", "chat.send", "The text shows nothing.")
    return msgspec.structs.replace(message, text=clean_message(message.text))


def parse(frame: str) -> ClientMessage:
    """Parse a frame whose size the caller has checked. Raises NotJson or BadMessage."""
    try:
        message = _decoder.decode(frame)
    except msgspec.ValidationError as exc:
        reason = str(exc)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as exc:
        raise _undecodable_error(frame) from exc
    else:
        if "\\u0000" in frame and _has_character(msgspec.structs.asdict(message), _NUL):
            tag = str(type(message).__struct_config__.tag)
            raise BadMessage("bad_shape", tag, "A text has a null character.")
        return _clean_chat(message) if isinstance(message, ChatSend) else message
    try:
        kind = _head_decoder.decode(frame).type
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as exc:
        raise _undecodable_error(frame) from exc
    if kind in MESSAGE_TYPES:
        raise BadMessage("bad_shape", kind[:40], reason[:300])
    raise BadMessage("unknown_type", kind[:40], f"Known types: {', '.join(sorted(MESSAGE_TYPES))}.")


_NUL = re.compile("\0")
_SURROGATE = re.compile("[\ud800-\udfff]")


def _undecodable_error(frame: str) -> NotJson | BadMessage:
    """Return the error for a frame that msgspec cannot decode.

    JSON may contain half a surrogate pair (RFC 8259 §8.2), which msgspec rejects. Such a message is
    answered like any other with invalid fields.
    """
    try:
        value = json.loads(frame)
    except (ValueError, RecursionError):
        return NotJson()
    if not isinstance(value, dict) or not _has_character(value, _SURROGATE):
        return NotJson()
    kind = value.get("type")
    if not isinstance(kind, str):
        return NotJson()
    code = "bad_shape" if kind in MESSAGE_TYPES else "unknown_type"
    return BadMessage(code, _SURROGATE.sub("?", kind[:40]), "A text has half a surrogate pair.")


def _has_character(value: object, pattern: re.Pattern[str]) -> bool:
    """Search every key and string of `value`, without recursion since it may nest deeply."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            if pattern.search(item):
                return True
        elif isinstance(item, dict):
            stack += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            stack += item
    return False


def encode(message: Outgoing) -> str:
    return _encoder.encode(message).decode()
