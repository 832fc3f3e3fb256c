"""The Yjs document of a board: bytes until somebody draws, and bytes again when it has been quiet.

A document takes about ten times the memory of its bytes, and most boards of most open rooms are
only looked at. State vectors and differences can be read from the bytes alone.
"""

from collections.abc import Sequence
from typing import Any

from pycrdt import Doc, get_state, merge_updates
from pycrdt import get_update as update_without

from apps.classroom.reading import apply, merged, put_together
from apps.classroom.realtime.varints import Malformed
from apps.classroom.realtime.yproto import EMPTY_UPDATE, without_content

# A larger board stays a document: reading it anew would hold up the event loop.
SMALL = 256 * 1024


class Early(Malformed):
    """Nothing is wrong with it, but what comes before it is not here yet."""


class Document:
    def __init__(self, updates: Sequence[bytes]) -> None:
        """`updates` hold all of it, and can be read in this order."""
        self._updates = list(updates) or [EMPTY_UPDATE]
        self._state = merged(self._updates)  # of no use while there is a document
        self._vector = get_state(self._state)
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
            self._doc, self._state = put_together(self._updates), b""
            self._size = self._limit = sum(map(len, self._updates))
        return self._doc

    def rest(self) -> None:
        """Nobody has drawn for a while."""
        if self._doc is None:
            return
        state = self._doc.get_update()
        if len(state) <= SMALL:
            self._updates, self._state = [state], state
            self._vector, self._doc = self._doc.get_state(), None

    # -- taking in --------------------------------------------------------------------------

    def take(self, updates: Sequence[bytes]) -> bytes | None:
        """What of them the document had not known, as yrs writes it; None when it knew it all.
        Raises Malformed, having taken in nothing."""
        known = self.state_vector()
        try:
            with_past = merge_updates(without_content(known), *updates)
            if _has_structs(update_without(with_past, get_state(with_past))):
                raise Early
            news = update_without(with_past, known)
        except ValueError as exc:
            raise Malformed("not a Yjs update") from exc
        if _has_structs(news):
            self._apply(news, known)
            return news
        return self._take_deletions(news, known)

    def _take_deletions(self, deletions: bytes, known: bytes) -> bytes | None:
        """Who comes back tells of every deletion ever made, mostly of old ones."""
        before = self.since(known)
        if deletions in (EMPTY_UPDATE, before):
            return None
        self._apply(deletions, known)
        return deletions if self.since(known) != before else None

    def _apply(self, news: bytes, known: bytes) -> None:
        try:
            apply(self.read(), news)
        except ValueError as exc:
            # Made anew, when next it is needed, from what was taken in before.
            self._state, self._vector, self._doc = merged(self._updates), known, None
            raise Malformed("not for this document") from exc
        self._note(news)

    def _note(self, news: bytes) -> None:
        """Put together now and then, so that what a document is made of stays of its own size."""
        self._updates.append(news)
        self._size += len(news)
        if self._size > 2 * self._limit + SMALL:
            self._updates = [self.read().get_update()]
            self._size = self._limit = len(self._updates[0])


def _has_structs(update: bytes) -> bool:
    return not update.startswith(b"\x00")
