"""The stored format of boards: a list of Yjs updates, behind a mark and a format version.

A format is read one release before it is written, so that two releases can run side by side: log
rows and snapshots are still one update each, without a mark, as 0.32 has them. See docs/adr/0009.
"""

import zlib
from collections.abc import Sequence

import msgspec

# Neither a MessagePack list nor a Yjs update starts like this (as a varint it is overlong).
MARK = b"\xc1\x80\x00"
_LIST, _COMPRESSED_LIST = 1, 2
_COMPRESSION = 1  # zlib level; higher levels do not compress coordinates better

_decoder = msgspec.msgpack.Decoder(list[bytes])


class NewerFormat(Exception):
    """The data was written by a later release and must not be changed."""


def encode_compressed(updates: Sequence[bytes]) -> bytes:
    packed = zlib.compress(msgspec.msgpack.encode(updates), _COMPRESSION)
    return MARK + bytes((_COMPRESSED_LIST,)) + packed


def decode(data: bytes) -> list[bytes]:
    """Return the updates in `data`, without checking that they are updates.

    Snapshots and log rows are a single update without a mark; a list without one was written
    between 0.32 and this release. Neither is ever taken for the other: an update that decodes as
    a list would name more than 8,000 clients. Raises NewerFormat.
    """
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
