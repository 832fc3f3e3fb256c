"""Work on whole boards, each call of which holds the GIL until it is done.

For large boards it runs in a subprocess, `python -m apps.classroom.compaction`, which starts in
0.1 s, does not import Django, returns its memory when it exits and may even crash.
"""

import math
import os
import signal
import subprocess
import sys
import time
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
from apps.classroom.realtime.board.origins import read_origins
from apps.classroom.realtime.board.outline import Outline, outline_of
from apps.classroom.realtime.board.stored_updates import remove_deep_values
from apps.classroom.realtime.board.update_scan import scan_trusted
from apps.classroom.realtime.board.varints import Malformed, read_varint
from apps.classroom.restoring import restoring_update

# Bytes. Up to this size a subprocess would take longer than the work itself.
SMALL_BOARD = 256 * 1024
# Client ids in one board. Each page load that draws adds one: three people who reload ten times in
# each of two lessons a week add 3,000 a year.
MAX_CLIENTS = 5000
# Runs of deleted clocks in one board, kept sorted in memory. A lesson of erasing makes hundreds.
MAX_DELETION_RUNS = 100_000
# From here a board that nobody has open is rewritten, so that the next lesson can draw.
REWRITE_FROM = MAX_CLIENTS // 2
REWRITE_FROM_RUNS = MAX_DELETION_RUNS // 2
TIMEOUT = 120.0  # seconds
# Comparisons of conflicting items, each about 0.1 µs, from which a small board is checked in a
# subprocess too. Boards of so few bytes are not scanned for them.
MAX_COMPARISONS, UNSCANNED = 1_000_000, 8 * 1024
# Seconds of CPU that integrating a board may take, and more for each byte; usual boards take a
# tenth.
MAX_INTEGRATION, INTEGRATION_PER_BYTE = 0.25, 0.25 / 1024 / 1024
TOO_MANY, TOO_DEEP = "too many client ids", "values nested too deeply"
TOO_MANY_RUNS, TOO_MANY_CONFLICTS = "too many deletions", "too many conflicting changes"
# The reasons for which a board is rewritten under a new client id.
REWRITTEN = (TOO_MANY, TOO_MANY_RUNS, TOO_MANY_CONFLICTS)
# Signals by which a process ends whose stack overflows: yrs decodes nested values recursively.
_CRASHES = (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS)
T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]


def is_large(updates: Sequence[bytes]) -> bool:
    return sum(map(len, updates)) > SMALL_BOARD


def may_be_slow(updates: Sequence[bytes]) -> bool:
    """Whether integrating a board may block this process: it is large or has many conflicts."""
    size = sum(map(len, updates))
    if size <= UNSCANNED or size > SMALL_BOARD:
        return size > SMALL_BOARD
    return read_origins(*updates).comparisons > MAX_COMPARISONS


class CompactedBoard(Struct):
    """The result of compacting updates.

    `unreadable` are the indexes of the updates that cannot be read and are not in `state`. `reason`
    is set if readable content was left out too. `outline` is set for a large board if requested
    and possible. `is_slow` is set if integrating its items took too long because they conflict.
    """

    state: bytes
    unreadable: list[int]
    reason: str = ""
    outline: Outline | None = None
    is_slow: bool = False


def compact(
    updates: Sequence[bytes],
    *,
    rewrite_from: float = MAX_CLIENTS,
    rewrite_from_runs: float = MAX_DELETION_RUNS,
    rewrite_slow: bool = False,
) -> CompactedBoard:
    """Merge updates into one, without overwritten values and undrawable elements.

    A board with at least so many client ids or runs of deletions is rewritten under a new id; a
    slow one if requested, not while a process has the board open, whose later updates build on the
    old ones.
    """
    begun = time.thread_time()
    doc, unreadable = build_document(updates)
    limit = MAX_INTEGRATION + INTEGRATION_PER_BYTE * sum(map(len, updates))
    is_slow = time.thread_time() - begun > limit
    compacted = CompactedBoard(doc.get_update(), sorted(unreadable), is_slow=is_slow)
    if is_slow and rewrite_slow:
        return _rewrite(compacted, TOO_MANY_CONFLICTS)
    if has_too_many_clients([compacted.state], rewrite_from):
        return _rewrite(compacted, TOO_MANY)
    try:
        scanned = scan_trusted(compacted.state)
    except Malformed:  # stored before updates were scanned; browsers skip such content
        return compacted
    if len(scanned.deletions) >= rewrite_from_runs:
        return _rewrite(compacted, TOO_MANY_RUNS)
    if scanned.invalid_elements:
        compacted.reason = "elements that nobody can draw"
        compacted.state = build_document([scanned.update])[0].get_update()
    return compacted


def _rewrite(compacted: CompactedBoard, reason: str) -> CompactedBoard:
    compacted.state, compacted.reason = restoring_update(Doc(), compacted.state), reason
    compacted.is_slow = False
    return compacted


def compact_unopened(updates: Sequence[bytes]) -> CompactedBoard:
    """Compact a board that no process has open."""
    return compact(
        updates,
        rewrite_from=REWRITE_FROM,
        rewrite_from_runs=REWRITE_FROM_RUNS,
        rewrite_slow=True,
    )


def compact_and_outline(updates: Sequence[bytes]) -> CompactedBoard:
    compacted = compact(updates, rewrite_from=math.inf, rewrite_from_runs=math.inf)
    if len(compacted.state) > SMALL_BOARD:
        with suppress(Malformed):
            compacted.outline = outline_of(compacted.state)
    return compacted


def has_too_many_clients(updates: Sequence[bytes], limit: float) -> bool:
    """Whether an update has at least `limit` client ids, so that the board is to be rewritten."""
    return any(_count_clients(update) >= limit for update in updates)


def _count_clients(update: bytes) -> int:
    try:
        return read_varint(update, 0)[0]
    except Malformed:
        return 0


def restore(updates: Sequence[bytes], past: Sequence[bytes]) -> bytes:
    """Return the update that makes the board of `updates` look like the board of `past`."""
    update = restoring_update(build_document(updates)[0], build_document(past)[0].get_update())
    return scan_trusted(update).update  # an old version may hold undrawable elements


def merge(updates: Sequence[bytes]) -> bytes:
    try:
        return merge_bytes(updates)
    except ValueError:
        return build_document(updates)[0].get_update()


def are_readable(updates: Sequence[bytes]) -> bool:
    """Whether there is at least one update, and each can be read."""
    return bool(updates) and not find_unreadable(updates)


# -- in this process or in a subprocess -----------------------------------------------------


class SubprocessFailed(Exception):
    """The subprocess crashed or timed out."""


class _Crashed(EOFError):
    """The subprocess crashed, perhaps on values that nest too deeply."""


_functions = (compact, compact_unopened, compact_and_outline, restore, merge, are_readable)
_TASKS: dict[str, Any] = {function.__name__: function for function in _functions}


def compact_in_subprocess(
    updates: Sequence[bytes], *, outline: bool = False, unopened: bool = False
) -> CompactedBoard:
    """Call `compact` or the function for an `outline` or an `unopened` board.

    Raises SubprocessFailed.
    """
    task = "compact_and_outline" if outline else "compact_unopened" if unopened else "compact"
    return _run_task(task, CompactedBoard, updates)


def restore_in_subprocess(updates: Sequence[bytes], past: Sequence[bytes]) -> bytes:
    """Call `restore`. Raises SubprocessFailed."""
    return _run_task("restore", bytes, updates, past)


def merge_in_subprocess(updates: Sequence[bytes]) -> bytes:
    """Call `merge`. Raises SubprocessFailed."""
    return updates[0] if len(updates) == 1 else _run_task("merge", bytes, updates)


def check_readable_in_subprocess(updates: Sequence[bytes]) -> bool:
    """Call `are_readable`. Raises SubprocessFailed."""
    return _run_task("are_readable", bool, updates)


def _run_task(name: str, result_type: type[T], *groups: Sequence[bytes]) -> T:
    if not may_be_slow([*chain.from_iterable(groups)]):
        result: T = _TASKS[name](*groups)
        return result
    try:
        try:
            head, body = _run_in_subprocess(name, groups)
        except _Crashed:
            head, body = _run_in_subprocess(name, groups, clean=True)
    except (subprocess.SubprocessError, OSError, EOFError) as exc:
        raise SubprocessFailed(name) from exc
    if result_type is bytes:
        return cast(T, body)
    response = msgspec.msgpack.decode(head, type=result_type)
    if isinstance(response, CompactedBoard):
        response.state = body
    return response


def _run_in_subprocess(
    name: str, groups: Sequence[Sequence[bytes]], *, clean: bool = False
) -> list[bytes]:
    """Run a function there; `clean` removes values that nest too deeply first, which takes longer.

    Raises _Crashed, EOFError, OSError or subprocess.SubprocessError.
    """
    head = msgspec.msgpack.encode((name, [len(group) for group in groups], clean))
    command = [sys.executable, "-m", "apps.classroom.compaction"]
    process = subprocess.Popen(  # noqa: S603  (a fixed command)
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    timer = Timer(TIMEOUT, process.kill)
    timer.start()
    try:
        with cast(IO[bytes], process.stdout) as output:
            with cast(IO[bytes], process.stdin) as request:
                _write(request, [head, *chain.from_iterable(groups)])
            return _read(output)
    except EOFError as exc:
        if process.wait() in _CRASHES:
            raise _Crashed(name) from exc
        raise
    finally:
        timer.cancel()
        process.kill()
        process.wait()


def main() -> None:
    os.nice(5)  # the room server has priority
    head, *updates = _read(sys.stdin.buffer)
    name, counts, clean = msgspec.msgpack.decode(head, type=tuple[str, list[int], bool])
    cleaned = [remove_deep_values(update) for update in updates] if clean else updates
    remaining = iter(cleaned)
    result: Any = _TASKS[name](*(list(islice(remaining, count)) for count in counts))
    if isinstance(result, CompactedBoard) and cleaned != updates:
        result.reason = result.reason or TOO_DEEP
    body = b""
    if isinstance(result, bytes):
        result, body = None, result
    elif isinstance(result, CompactedBoard):
        result.state, body = b"", result.state
    _write(sys.stdout.buffer, [msgspec.msgpack.encode(result), body])


def _write(pipe: IO[bytes], blobs: Sequence[bytes]) -> None:
    """Write blobs unencoded behind their lengths: copying a large one would hold the GIL."""
    lengths = msgspec.msgpack.encode([len(blob) for blob in blobs])
    pipe.write(len(lengths).to_bytes(4))
    pipe.write(lengths)
    for blob in blobs:
        pipe.write(blob)
    pipe.flush()


def _read(pipe: IO[bytes]) -> list[bytes]:
    """Read the blobs that `_write` wrote. Raises EOFError."""
    lengths = msgspec.msgpack.decode(_read_exactly(pipe, int.from_bytes(_read_exactly(pipe, 4))))
    return [_read_exactly(pipe, length) for length in lengths]


def _read_exactly(pipe: IO[bytes], length: int) -> bytes:
    data = pipe.read(length)
    if len(data) < length:
        raise EOFError
    return data


if __name__ == "__main__":
    main()
