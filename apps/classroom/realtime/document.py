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

    def take(self, update: bytes) -> bytes | None:
        """What of it the document had not known, as yrs writes it; None when it knew it all.
        Raises Malformed for no Yjs update, and has then taken in nothing."""
        known = self.state_vector()
        try:
            news = update_without(update, known)
            if news.startswith(b"\x00"):  # no struct
                return self._take_deletions(news, known)
            self.read().apply_update(news)
        except ValueError as exc:
            raise Malformed("not a Yjs update") from exc
        return news

    def _take_deletions(self, deletions: bytes, known: bytes) -> bytes | None:
        """Who comes back tells of every deletion ever made, mostly of old ones."""
        before = self.since(known)
        if deletions in (EMPTY_UPDATE, before):
            return None
        self.read().apply_update(deletions)
        return deletions if self.since(known) != before else None
