"""The Yjs document of a board: bytes until somebody draws, and bytes again when it has been quiet.

A document takes about ten times the memory of its bytes, and most boards of most open rooms are
only looked at. State vectors and differences can be read from the bytes alone.
"""

from typing import Any

from pycrdt import Doc, get_state
from pycrdt import get_update as update_without

from apps.classroom.realtime.varints import Malformed
from apps.classroom.realtime.yproto import EMPTY_UPDATE

# A larger board stays a document: reading it anew would hold up the event loop.
SMALL = 256 * 1024


class Document:
    def __init__(self, state: bytes) -> None:
        """`state` is an update that holds all of it."""
        self._state = state  # empty while there is a document
        self._vector = get_state(state)
        self._doc: Doc[Any] | None = None

    def whole(self) -> bytes:
        return self._doc.get_update() if self._doc is not None else self._state

    def state_vector(self) -> bytes:
        return self._doc.get_state() if self._doc is not None else self._vector

    def since(self, state_vector: bytes) -> bytes:
        """What it has beyond that. Raises Malformed for no state vector."""
        try:
            if self._doc is not None:
                return self._doc.get_update(state_vector)
            return update_without(self._state, state_vector)
        except ValueError as exc:
            raise Malformed("not a state vector") from exc

    def read(self) -> "Doc[Any]":
        if self._doc is None:
            doc: Doc[Any] = Doc()
            doc.apply_update(self._state)
            self._doc, self._state = doc, b""
        return self._doc

    def rest(self) -> None:
        """Nobody has drawn for a while."""
        if self._doc is None:
            return
        state = self._doc.get_update()
        if len(state) <= SMALL:
            self._state, self._vector, self._doc = state, self._doc.get_state(), None

    # -- taking in --------------------------------------------------------------------------

    def accept(self, update: bytes) -> list[bytes]:
        """The same as `take`, of an update from a client as yrs has written it again. Raises
        Malformed also where yrs cannot read what it wrote: some odd updates it takes in and then
        cannot spell, and one such in the log would be the end of the board."""
        known = self.state_vector()
        try:
            new = update_without(update, known)
        except ValueError as exc:
            raise Malformed("not a Yjs update") from exc
        return [] if self._is_known(new, known) else self.take(new)

    def _is_known(self, new: bytes, known: bytes) -> bool:
        """Whether it is what a client answers who has all that is here: no struct, and the
        deletions of old."""
        return new.startswith(b"\x00") and new in (EMPTY_UPDATE, self.since(known))

    def take(self, update: bytes) -> list[bytes]:
        """What the document had not known, as yrs writes it: step 2 repeats every deletion ever
        made, and a client's own bytes may be readable to yrs and to no browser.

        What it took in, then what waits for others to come before it; either may be missing.
        Raises Malformed for no Yjs update, and has then taken in nothing.
        """
        event = self._apply(update)
        if event == update:
            return [event]
        return [news for news in (event, self._waiting_part(update)) if news is not None]

    def _apply(self, update: bytes) -> bytes | None:
        doc, events = self.read(), list[bytes]()
        # Not for longer: a document never leaves memory while it is observed.
        subscription = doc.observe(lambda event: events.append(event.update))
        try:
            doc.apply_update(update)
        except ValueError as exc:
            raise Malformed("not a Yjs update") from exc
        finally:
            doc.unobserve(subscription)
        return events[0] if events else None

    def _waiting_part(self, update: bytes) -> bytes | None:
        rest = update_without(update, self.read().get_state())
        return None if rest.startswith(b"\x00") else rest
