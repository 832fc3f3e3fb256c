"""Encode and decode the sync and awareness frames of y-protocols, with bounds checks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pycrdt import create_awareness_message, write_message
from pycrdt import write_var_uint as varint

from apps.classroom.realtime.board.varints import Malformed, read_bytes, read_varint

SYNC, AWARENESS, AUTH, QUERY_AWARENESS = 0, 1, 2, 3
STEP1, STEP2, UPDATE = 0, 1, 2
EMPTY_UPDATE = b"\x00\x00"

MAX_CLIENTS_PER_FRAME = 1000


class Sync(NamedTuple):
    step: int
    payload: bytes


class Entry(NamedTuple):
    """One client's entry of an awareness frame; `state` is JSON, `null` once it is removed."""

    client: int
    clock: int
    state: bytes


def sync_frame_of(step: int, buffers: Sequence[bytes | memoryview]) -> bytes:
    """Encode a sync frame from a payload in buffers, which are copied only once."""
    head = bytes((SYNC, step)) + varint(sum(map(len, buffers)))
    return b"".join([head, *buffers])


def sync_frame(step: int, payload: bytes) -> bytes:
    return bytes((SYNC, step)) + write_message(payload)


def read_sync(frame: bytes) -> Sync:
    """Decode a frame whose first byte is SYNC. Raises Malformed."""
    step, at = read_varint(frame, 1)
    size, at = read_varint(frame, at)
    if step > UPDATE or at + size != len(frame):
        raise Malformed("not a sync message")
    return Sync(step, frame[at:])


def count_clients(state: bytes) -> int:
    """How many clients a state vector names. Raises Malformed."""
    return read_varint(state, 0)[0]


def read_state_vector(state_vector: bytes) -> list[tuple[int, int]]:
    """Decode a state vector to clients and clocks. Raises Malformed, also for numbers beyond
    JavaScript's safe integers."""
    count, at = read_varint(state_vector, 0)
    clocks = []
    for _ in range(count):
        client, at = read_varint(state_vector, at)
        clock, at = read_varint(state_vector, at)
        clocks.append((client, clock))
    if at != len(state_vector):
        raise Malformed("not a state vector")
    return clocks


def state_vector_of(clocks: Mapping[int, int]) -> bytes:
    vector = bytearray(varint(len(clocks)))
    for client, clock in clocks.items():
        vector += varint(client) + varint(clock)
    return bytes(vector)


def read_awareness(frame: bytes) -> list[Entry]:
    """Decode a frame whose first byte is AWARENESS. Raises Malformed."""
    body, end = read_bytes(frame, 1)
    if end != len(frame):
        raise Malformed("not an awareness message")
    return list(_entries(body))


def _entries(body: bytes) -> Iterator[Entry]:
    count, at = read_varint(body, 0)
    if count > MAX_CLIENTS_PER_FRAME:
        raise Malformed("too many clients in one frame")
    for _ in range(count):
        client, at = read_varint(body, at)
        clock, at = read_varint(body, at)
        state, at = read_bytes(body, at)
        yield Entry(client, clock, state)
    if at != len(body):
        raise Malformed("not an awareness message")


def awareness_frame(entries: list[Entry]) -> bytes:
    body = bytearray(varint(len(entries)))
    for client, clock, state in entries:
        body += varint(client) + varint(clock) + varint(len(state)) + state
    return create_awareness_message(bytes(body))
