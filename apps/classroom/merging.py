"""Build documents from updates, without importing Django: the compaction subprocess runs this."""

import logging
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pycrdt import Doc, get_state, merge_updates

log = logging.getLogger("kreida.room")
T = TypeVar("T")


def merge_bytes(updates: Sequence[bytes]) -> bytes:
    return updates[0] if len(updates) == 1 else merge_updates(*updates)


def catch_panics(read: Callable[[bytes], T], update: bytes) -> T:
    """Call a function of yrs. Raises ValueError for any failure."""
    try:
        return read(update)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as exc:  # a panic in yrs is not an Exception
        raise ValueError("not an update, or not of this document") from exc


def apply(doc: "Doc[Any]", update: bytes) -> None:
    """Apply an update. Raises ValueError, after which the document must not be used any more."""
    catch_panics(doc.apply_update, update)


def readable(update: bytes) -> bytes:
    """Return the update if yrs can decode it. Raises ValueError."""
    catch_panics(get_state, update)
    return update


def find_unreadable(updates: Sequence[bytes]) -> set[int]:
    """Return the indexes of the updates that cannot be parsed."""
    unreadable = set()
    for index, update in enumerate(updates):
        try:
            catch_panics(get_state, update)
        except ValueError:
            unreadable.add(index)
    return unreadable


def build_document(updates: Sequence[bytes]) -> "tuple[Doc[Any], set[int]]":
    """Apply updates in the order they were accepted; return the document and unreadable indexes.

    yrs may accept a crafted update in that order only. Unreadable updates are left out.
    """
    unreadable: set[int] = set()
    while True:
        doc: Doc[Any] = Doc()
        for index, update in enumerate(updates):
            if index in unreadable:
                continue
            try:
                apply(doc, update)
            except ValueError:
                unreadable |= {index} if unreadable else {index} | find_unreadable(updates)
                break
        else:
            if unreadable:
                log.warning(
                    "parts of a board cannot be read", extra={"data": {"parts": len(unreadable)}}
                )
            return doc, unreadable
