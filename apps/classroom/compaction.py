"""Work on whole boards. Each call holds the GIL for as long as it takes.

For large boards it runs in a subprocess, `python -m apps.classroom.compaction`, which starts in
0.1 s, knows nothing of Django, returns its memory when it ends and may even crash.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path
from threading import Timer
from typing import IO, Any, TypeVar, cast

import msgspec
from msgspec import Struct
from pycrdt import Doc

from apps.classroom.merging import build_document, find_unreadable, merge_bytes
from apps.classroom.realtime.board.outline import Outline, outline_of
from apps.classroom.realtime.board.update_scan import scan_own
from apps.classroom.realtime.board.varints import Malformed, read_varint
from apps.classroom.restoring import restoring_update

# Up to this it is quicker to do it here and now.
SMALL = 256 * 1024
# Client ids that a board carries along. A page that is loaded anew is a new one once something is
# drawn on it: three people who do so ten times in each of two lessons a week come to 3,000 a year.
MAX_CLIENTS = 5000
TIMEOUT = 120.0
TOO_MANY = "too many client ids"
T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]


class CompactedBoard(Struct):
    """`bad` are the places of the given updates that cannot be read, and are not in `state`. Where
    something else of them is not in it either, it says why. `outline` is that of a large one, where
    it was asked for and can be made."""

    state: bytes
    bad: list[int]
    why: str = ""
    outline: Outline | None = None


def compact(updates: Sequence[bytes]) -> CompactedBoard:
    """All of them as one, without what was drawn over, what nobody can draw and, when there are too
    many, the ids of who drew it."""
    doc, bad = build_document(updates)
    compacted = CompactedBoard(doc.get_update(), sorted(bad))
    if has_too_many_clients([compacted.state]):
        compacted.state, compacted.why = restoring_update(Doc(), compacted.state), TOO_MANY
        return compacted
    try:
        looked_at = scan_own(compacted.state)
    except Malformed:  # from before updates were looked at; browsers know how to pass it by
        return compacted
    if looked_at.undrawable:
        compacted.why = "elements that nobody can draw"
        compacted.state = build_document([looked_at.update])[0].get_update()
    return compacted


def compact_and_outline(updates: Sequence[bytes]) -> CompactedBoard:
    compacted = compact(updates)
    if len(compacted.state) > SMALL:
        with suppress(Malformed):
            compacted.outline = outline_of(compacted.state)
    return compacted


def has_too_many_clients(updates: Sequence[bytes]) -> bool:
    try:
        return any(read_varint(update, 0)[0] > MAX_CLIENTS for update in updates)
    except Malformed:
        return False


def restore(updates: Sequence[bytes], past: Sequence[bytes]) -> bytes:
    """The update that makes the board of `updates` look as that of `past` does."""
    update = restoring_update(build_document(updates)[0], build_document(past)[0].get_update())
    return scan_own(update).update  # what is old may hold what nobody can draw


def merge(updates: Sequence[bytes]) -> bytes:
    try:
        return merge_bytes(updates)
    except ValueError:
        return build_document(updates)[0].get_update()


def readable(updates: Sequence[bytes]) -> bool:
    """Whether there is any, and each is an update."""
    return bool(updates) and not find_unreadable(updates)


# -- here, or in a process of its own -------------------------------------------------------


class WorkFailed(Exception):
    """The process that was to do it crashed, or took too long."""


_works = (compact, compact_and_outline, restore, merge, readable)
_WORK: dict[str, Any] = {work.__name__: work for work in _works}


def compact_in_subprocess(updates: Sequence[bytes], *, outline: bool = False) -> CompactedBoard:
    """As `compact`. Raises WorkFailed."""
    return _do("compact_and_outline" if outline else "compact", CompactedBoard, updates)


def restoring_update_of(updates: Sequence[bytes], past: Sequence[bytes]) -> bytes:
    """As `restore`. Raises WorkFailed."""
    return _do("restore", bytes, updates, past)


def merge_updates_to_one(updates: Sequence[bytes]) -> bytes:
    """As `merge`. Raises WorkFailed."""
    return updates[0] if len(updates) == 1 else _do("merge", bytes, updates)


def all_updates_readable(updates: Sequence[bytes]) -> bool:
    """As `readable`. Raises WorkFailed."""
    return _do("readable", bool, updates)


def _do(name: str, kind: type[T], *groups: Sequence[bytes]) -> T:
    if sum(len(update) for group in groups for update in group) <= SMALL:
        done: T = _WORK[name](*groups)
        return done
    try:
        head, body = _ask(name, groups)
    except (subprocess.SubprocessError, OSError, EOFError) as exc:
        raise WorkFailed(name) from exc
    if kind is bytes:
        return cast(T, body)
    answer = msgspec.msgpack.decode(head, type=kind)
    if isinstance(answer, CompactedBoard):
        answer.state = body
    return answer


def _ask(name: str, groups: Sequence[Sequence[bytes]]) -> list[bytes]:
    head = msgspec.msgpack.encode((name, [len(group) for group in groups]))
    command = [sys.executable, "-m", "apps.classroom.compaction"]
    process = subprocess.Popen(  # noqa: S603  (the command is our own)
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    timer = Timer(TIMEOUT, process.kill)
    timer.start()
    try:
        with cast(IO[bytes], process.stdout) as answer:
            with cast(IO[bytes], process.stdin) as question:
                _write(question, [head, *chain.from_iterable(groups)])
            return _read(answer)
    finally:
        timer.cancel()
        process.kill()
        process.wait()


def main() -> None:
    os.nice(5)  # what is drawn goes first
    head, *updates = _read(sys.stdin.buffer)
    name, counts = msgspec.msgpack.decode(head, type=tuple[str, list[int]])
    left = iter(updates)
    answer: Any = _WORK[name](*(list(islice(left, count)) for count in counts))
    body = b""
    if isinstance(answer, bytes):
        answer, body = None, answer
    elif isinstance(answer, CompactedBoard):
        answer.state, body = b"", answer.state
    _write(sys.stdout.buffer, [msgspec.msgpack.encode(answer), body])


def _write(pipe: IO[bytes], blobs: Sequence[bytes]) -> None:
    """As they are: each copy of a large one would hold Python's lock."""
    lengths = msgspec.msgpack.encode([len(blob) for blob in blobs])
    pipe.write(len(lengths).to_bytes(4))
    pipe.write(lengths)
    for blob in blobs:
        pipe.write(blob)
    pipe.flush()


def _read(pipe: IO[bytes]) -> list[bytes]:
    """Raises EOFError."""
    lengths = msgspec.msgpack.decode(_exactly(pipe, int.from_bytes(_exactly(pipe, 4))))
    return [_exactly(pipe, length) for length in lengths]


def _exactly(pipe: IO[bytes], length: int) -> bytes:
    found = pipe.read(length)
    if len(found) < length:
        raise EOFError
    return found


if __name__ == "__main__":
    main()
