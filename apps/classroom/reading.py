"""Boards from their updates."""

import logging
from collections.abc import Sequence
from typing import Any

from pycrdt import Doc, merge_updates

log = logging.getLogger("kreida.room")


def merged(updates: Sequence[bytes]) -> bytes:
    return updates[0] if len(updates) == 1 else merge_updates(*updates)


def apply(doc: "Doc[Any]", update: bytes) -> None:
    """Raises ValueError, after which the document may be half changed, or of no use at all."""
    try:
        doc.apply_update(update)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as exc:  # a panic of yrs is no Exception
        raise ValueError("not an update of this document") from exc


def put_together(updates: Sequence[bytes]) -> "Doc[Any]":
    """In the order they were taken in: what somebody forged, yrs may take in that order alone.
    What cannot be read is left out, since it must not cost the rest of the board."""
    readable = list(updates)
    while True:
        doc: Doc[Any] = Doc()
        for number, update in enumerate(readable):
            try:
                apply(doc, update)
            except ValueError:
                log.exception("a part of a board cannot be read")
                del readable[number]
                break
        else:
            return doc
