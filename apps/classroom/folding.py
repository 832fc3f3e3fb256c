"""Work on whole boards, which holds Python's lock for as long as it takes.

Of a large board it is done by a process of its own, `python -m apps.classroom.folding`: its memory
goes with it, and it may even crash. It knows nothing of Django and starts in a tenth of a second.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from pycrdt import Doc

from apps.classroom.reading import merged, put_together, unreadable
from apps.classroom.realtime.update_scan import scan_own
from apps.classroom.realtime.varints import Malformed, read_varint
from apps.classroom.restoring import restoring_update

# Up to this it is quicker to do it here and now.
SMALL = 256 * 1024
# Client ids that a board carries along. A page that is loaded anew is a new one once something is
# drawn on it: three people who do so ten times in each of two lessons a week come to 3,000 a year.
MAX_CLIENTS = 5000
TIMEOUT = 120.0
T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]


class Folded(Struct):
    """`bad` are the places of the given updates that cannot be read, and are not in `state`. Where
    something else of them is not in it either, it says why."""

    state: bytes
    bad: list[int]
    why: str = ""


def fold(updates: Sequence[bytes]) -> Folded:
    """All of them as one, without what was drawn over, what nobody can draw and, when there are too
    many, the ids of who drew it."""
    doc, bad = put_together(updates)
    folded = Folded(doc.get_update(), sorted(bad))
    if has_too_many_clients([folded.state]):
        folded.state, folded.why = restoring_update(Doc(), folded.state), "too many client ids"
        return folded
    try:
        looked_at = scan_own(folded.state)
    except Malformed:  # from before updates were looked at; browsers know how to pass it by
        return folded
    if looked_at.undrawable:
        folded.why = "elements that nobody can draw"
        folded.state = put_together([looked_at.update])[0].get_update()
    return folded


def has_too_many_clients(updates: Sequence[bytes]) -> bool:
    try:
        return any(read_varint(update, 0)[0] > MAX_CLIENTS for update in updates)
    except Malformed:
        return False


def restore(updates: Sequence[bytes], past: Sequence[bytes]) -> bytes:
    """The update that makes the board of `updates` look as that of `past` does."""
    update = restoring_update(put_together(updates)[0], put_together(past)[0].get_update())
    return scan_own(update).update  # what is old may hold what nobody can draw


def merge(updates: Sequence[bytes]) -> bytes:
    try:
        return merged(updates)
    except ValueError:
        return put_together(updates)[0].get_update()


def readable(updates: Sequence[bytes]) -> bool:
    """Whether there is any, and each is an update."""
    return bool(updates) and not unreadable(updates)


# -- here, or in a process of its own -------------------------------------------------------


class WorkFailed(Exception):
    """The process that was to do it crashed, or took too long."""


_WORK: dict[str, Any] = {work.__name__: work for work in (fold, restore, merge, readable)}


def folded(updates: Sequence[bytes]) -> Folded:
    """As `fold`. Raises WorkFailed."""
    return _do("fold", Folded, updates)


def restored(updates: Sequence[bytes], past: Sequence[bytes]) -> bytes:
    """As `restore`. Raises WorkFailed."""
    return _do("restore", bytes, updates, past)


def merged_into_one(updates: Sequence[bytes]) -> bytes:
    """As `merge`. Raises WorkFailed."""
    return updates[0] if len(updates) == 1 else _do("merge", bytes, updates)


def all_readable(updates: Sequence[bytes]) -> bool:
    """As `readable`. Raises WorkFailed."""
    return _do("readable", bool, updates)


def _do(name: str, kind: type[T], *groups: Sequence[bytes]) -> T:
    if sum(len(update) for group in groups for update in group) <= SMALL:
        done: T = _WORK[name](*groups)
        return done
    asked = msgspec.msgpack.encode((name, groups))
    command = [sys.executable, "-m", "apps.classroom.folding"]
    try:
        process = subprocess.run(  # noqa: S603  (the command is our own)
            command, input=asked, stdout=subprocess.PIPE, cwd=ROOT, timeout=TIMEOUT, check=True
        )
    except (subprocess.SubprocessError, OSError) as exc:
        raise WorkFailed(name) from exc
    return msgspec.msgpack.decode(process.stdout, type=kind)


def main() -> None:
    name, groups = msgspec.msgpack.decode(
        sys.stdin.buffer.read(), type=tuple[str, list[list[bytes]]]
    )
    sys.stdout.buffer.write(msgspec.msgpack.encode(_WORK[name](*groups)))


if __name__ == "__main__":
    main()
