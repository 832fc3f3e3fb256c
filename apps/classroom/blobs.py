"""How boards stand in the database: a list of Yjs updates, behind a mark and its format's version.

A format is read one release before it is written, so that two releases may run side by side: what
is written without the mark (`plain`) is what the release before reads. docs/adr/0009 has the rules.
"""

import zlib
from collections.abc import Sequence

import msgspec

# No list of MessagePack begins like this, and no Yjs update: its number would be written too long.
MARK = b"\xc1\x80\x00"
_LIST, _COMPRESSED_LIST = 1, 2
_COMPRESSION = 1  # most of a board are coordinates, of which more effort makes no less

_decoder = msgspec.msgpack.Decoder(list[bytes])


class NewerFormat(Exception):
    """Written by a release after this one: it is not touched."""


def plain(updates: Sequence[bytes]) -> bytes:
    """A row of the log, as releases up to this one write it."""
    return msgspec.msgpack.encode(updates)


def compressed(updates: Sequence[bytes]) -> bytes:
    packed = zlib.compress(msgspec.msgpack.encode(updates), _COMPRESSION)
    return MARK + bytes((_COMPRESSED_LIST,)) + packed


def read(data: bytes) -> list[bytes]:
    """What stands in `data`, in whichever format; whether those are updates is not looked at. Old
    snapshots and log rows are one update without any mark. Raises NewerFormat."""
    try:
        if not data.startswith(MARK):
            return _decoder.decode(data)
        kind, body = data[len(MARK)], data[len(MARK) + 1 :]
        if kind == _LIST:
            return _decoder.decode(body)
        if kind == _COMPRESSED_LIST:
            return _decoder.decode(zlib.decompress(body))
    except (msgspec.DecodeError, zlib.error, IndexError):
        return [data]
    raise NewerFormat(kind)
