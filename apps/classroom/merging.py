"""Boards from their updates. It knows nothing of Django, so that a process of its own may do it."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from pycrdt import Doc, get_state, merge_updates

log = logging.getLogger("kreida.room")


def merge_bytes(updates: Sequence[bytes]) -> bytes:
    return updates[0] if len(updates) == 1 else merge_updates(*updates)


def _guarded(read: Callable[[bytes], object], update: bytes) -> None:
    try:
        read(update)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as exc:  # a panic of yrs is no Exception
        raise ValueError("not an update, or not of this document") from exc


def apply(doc: "Doc[Any]", update: bytes) -> None:
    """Raises ValueError, after which the document may be half changed, or of no use at all."""
    _guarded(doc.apply_update, update)


def find_unreadable(updates: Sequence[bytes]) -> set[int]:
    """The places of those that are no updates at all."""
    bad = set()
    for place, update in enumerate(updates):
        try:
            _guarded(get_state, update)
        except ValueError:
            bad.add(place)
    return bad


def build_document(updates: Sequence[bytes]) -> "tuple[Doc[Any], set[int]]":
    """In the order they were taken in: what somebody forged, yrs may take in that order alone.
    What cannot be read is left out, since it must not cost the rest of the board; its places are
    the second answer."""
    bad: set[int] = set()
    while True:
        doc: Doc[Any] = Doc()
        for place, update in enumerate(updates):
            if place in bad:
                continue
            try:
                apply(doc, update)
            except ValueError:
                bad |= {place} if bad else {place} | find_unreadable(updates)
                break
        else:
            if bad:
                log.warning("parts of a board cannot be read", extra={"data": {"parts": len(bad)}})
            return doc, bad
