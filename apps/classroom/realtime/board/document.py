"""The Yjs document of a board: bytes until somebody draws, and bytes again when it has been quiet.

A document takes about ten times the memory of its bytes, and most boards of most open rooms are
only looked at. Of a large one there is an outline alone (outline.py), which takes in strokes; what
was on the board before them is answered from its bytes. What there is of each client, and what is
deleted, is known beside it, so that an update costs what it brings, however large the board is and
whoever drew on it.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from pycrdt import Doc, get_state, merge_updates
from pycrdt import get_update as update_without

from apps.classroom.compaction import SMALL_BOARD
from apps.classroom.merging import apply, build_document, merge_bytes
from apps.classroom.realtime.board.deletions import DeleteSet
from apps.classroom.realtime.board.outline import Base, Pieces
from apps.classroom.realtime.board.update_scan import Run, Scan, encode_deletions, scan, scan_own
from apps.classroom.realtime.board.varints import Malformed
from apps.classroom.realtime.board.yproto import EMPTY_UPDATE, read_state_vector, state_vector_of


class Snapshot(NamedTuple):
    """The parts of a document at some moment."""

    updates: list[bytes]
    replacements: int


class PendingDependency(Malformed):
    """Nothing is wrong with it, but what `client` drew before `clock` is not here yet."""

    def __init__(self, client: int, clock: int) -> None:
        super().__init__("what comes before it is missing")
        self.client, self.clock = client, clock


class _PiecewiseDoc:
    """A document of many updates, which lets the event loop go on between them, for as long again
    as it was held up."""

    def __init__(self) -> None:
        self.doc: Doc[Any] = Doc()

    async def add(self, updates: Iterable[bytes]) -> None:
        """Raises ValueError."""
        for update in updates:
            begun = time.perf_counter()
            apply(self.doc, update)
            await asyncio.sleep(time.perf_counter() - begun)


def _read_deletions(update: bytes) -> DeleteSet:
    return DeleteSet(scan_own(update).deletions)


class Document:
    def __init__(self, updates: Sequence[bytes]) -> None:
        """`updates` hold all of it, to be read in this order; what cannot be read is left out."""
        self._updates = list(updates) or [EMPTY_UPDATE]
        self._doc: Doc[Any] | None = None
        self._state: bytes | None = None  # all of it, while there is no document
        self.unreadable: set[int] = set()  # the places in `updates` of what was left out
        self._base: Base | None = None  # of the first part, when the document is its outline
        self._replacements = 0  # how often the parts were replaced
        if self.is_large or not self._merge_bytes():
            self._load()
        vector = self._doc.get_state() if self._doc is not None else get_state(self.encode())
        self.clocks = dict(read_state_vector(vector))
        self._delete_set: DeleteSet | None = None
        if self.is_large:
            self.deletions  # noqa: B018  (read now, in a thread)

    @classmethod
    async def outlined(cls, base: Base) -> "Document":
        """Raises ValueError where yrs does not take the outline."""
        building = _PiecewiseDoc()
        await building.add(base.outline.pieces)
        document = cls([])
        document._delete_set = await asyncio.to_thread(_read_deletions, base.outline.deletions)
        document.clocks = dict(base.outline.clocks)
        document._updates, document._doc, document._base = [base.state], building.doc, base
        document._state = None
        return document

    def _merge_bytes(self) -> bool:
        """As bytes, unless one of them is no update."""
        try:
            self._state = merge_bytes(self._updates)
            get_state(self._state)
        except ValueError:
            return False
        return True

    def _load(self) -> "Doc[Any]":
        if self._base is not None:
            self._doc = build_document([*self._base.outline.pieces, *self._updates[1:]])[0]
            return self._doc
        self._doc, self.unreadable = build_document(self._updates)
        self._updates = [u for place, u in enumerate(self._updates) if place not in self.unreadable]
        self._replacements += bool(self.unreadable)
        self._state = None
        return self._doc

    def loaded(self) -> "Doc[Any]":
        return self._doc if self._doc is not None else self._load()

    @property
    def updates(self) -> list[bytes]:
        """Updates that hold all of it, in their order."""
        return self._updates

    @property
    def is_outlined(self) -> bool:
        return self._base is not None

    @property
    def size(self) -> int:
        """Of all that it was put together from; what was drawn over is counted too."""
        return sum(map(len, self._updates))

    @property
    def is_large(self) -> bool:
        return self.size > SMALL_BOARD

    def encode(self) -> bytes:
        if self._base is not None:
            return merge_bytes(self._updates)
        if self._doc is not None:
            return self._doc.get_update()
        if self._state is None:
            self._state = merge_bytes(self._updates)
        return self._state

    def state_vector(self) -> bytes:
        return state_vector_of(self.clocks)

    def diff(self, state_vector: bytes) -> list[Pieces]:
        """What it has beyond that, as updates in their order, each in pieces. Raises Malformed for
        no state vector."""
        base = self._base
        if base is None or base.is_covered(known := dict(read_state_vector(state_vector))):
            return [[self._diff(state_vector)]]
        has = base.outline.clocks | {
            client: clock
            for client, clock in known.items()
            if clock > base.outline.clocks.get(client, 0)
        }
        return [base.beyond(known), [self._diff(state_vector_of(has))]]

    def _diff(self, state_vector: bytes) -> bytes:
        """The same as one. Of an outline, nothing that was there before it is asked for."""
        try:
            if self._doc is not None or self._base is not None:
                return self.loaded().get_update(state_vector)
            return update_without(self.encode(), state_vector)
        except ValueError as exc:
            raise Malformed("not a state vector") from exc

    def includes(self, clocks: Iterable[tuple[int, int]]) -> bool:
        return all(self.clocks.get(client, 0) >= clock for client, clock in clocks)

    def unload(self) -> None:
        """Nobody has drawn for a while."""
        if self._doc is None or self._base is not None or self.size > 4 * SMALL_BOARD:
            return  # folding brings it down
        state = self._doc.get_update()
        if len(state) <= SMALL_BOARD:
            self._updates, self._state, self._doc = [state], state, None
            self._replacements += 1

    # -- folding ----------------------------------------------------------------------------

    def snapshot(self) -> "Snapshot":
        return Snapshot(list(self._updates), self._replacements)

    def replace(self, compacted: "Snapshot", state: bytes) -> None:
        """`state` holds what the parts did of which it was made. While there is no document, or
        its outline, the parts are what is answered from, and stay."""
        if (
            self._doc is not None
            and self._base is None
            and compacted.replacements == self._replacements
        ):
            self._updates[: len(compacted.updates)] = [state]
            self._replacements += 1

    async def rebuild(self, compacted: "Snapshot", state: bytes, base: Base | None) -> None:
        """The same, and the document becomes an outline, or is one no more. Raises ValueError,
        having changed nothing."""
        building, at = _PiecewiseDoc(), len(compacted.updates)
        await building.add([state] if base is None else base.outline.pieces)
        while compacted.replacements == self._replacements and at < len(self._updates):
            news, at = self._updates[at:], len(self._updates)
            await building.add(news)
        if compacted.replacements == self._replacements:
            self._updates[: len(compacted.updates)] = [state]
            self._doc, self._base, self._state = building.doc, base, None
            self._replacements += 1

    # -- taking in --------------------------------------------------------------------------

    def apply_updates(self, updates: Sequence[bytes]) -> bytes | None:
        """As `apply_scans`, of updates that nobody has looked at yet."""
        return self.apply_scans([scan(update) for update in updates])

    def apply_scans(self, scans: Sequence[Scan]) -> bytes | None:
        """What of them the document had not known; None when it knew it all. Raises Malformed,
        having taken in nothing."""
        ends = self._end_clocks(scans)
        new = [run for one in scans for run in one.deletions if not self.deletions.contains(run)]
        if not ends and not new:
            return None
        news = self._new_part(scans, new)
        self._apply(news)
        self.clocks |= ends
        for run in new:
            self.deletions.add(run)
        return news

    @property
    def deletions(self) -> DeleteSet:
        if self._delete_set is None:
            self._delete_set = _read_deletions(self._diff(self.state_vector()))
        return self._delete_set

    def _end_clocks(self, scans: Sequence[Scan]) -> dict[int, int]:
        """How far each client that they bring something of is known after them."""
        clocks, ends = self.clocks, dict[int, int]()
        runs = [run for one in scans for run in one.runs]
        for client, start, end in sorted(runs):
            known = ends.get(client) or clocks.get(client, 0)
            if start > known:
                raise PendingDependency(client, start)
            if end > known:
                ends[client] = end
        for one in scans:
            for client, clock in one.needs.items():
                if clock > clocks.get(client, 0) and clock > ends.get(client, 0):
                    raise PendingDependency(client, clock)
        return ends

    def _new_part(self, scans: Sequence[Scan], new: Sequence[Run]) -> bytes:
        """One update with what of them is new, the deletions `new` among it."""
        try:
            parts = [self._unknown_structs(one) for one in scans]
            structs = merge_updates(*parts) if len(parts) > 1 else parts[0]
        except ValueError as exc:
            raise Malformed("not a Yjs update") from exc
        return structs[:-1] + encode_deletions(new)

    def _unknown_structs(self, one: Scan) -> bytes:
        """Its structs that are not known, as an update without deletions: those end it as one 0."""
        update = one.update[: one.deletions_at] + b"\x00"
        known = {client: self.clocks.get(client, 0) for client, _start, _end in one.runs}
        if all(start == known[client] for client, start, _end in one.runs):
            return update
        return update_without(update, state_vector_of(known))

    def _apply(self, news: bytes) -> None:
        try:
            apply(self.loaded(), news)
        except ValueError as exc:
            # Made anew, when next it is needed, from what was taken in before.
            self._doc = self._state = None
            raise Malformed("not for this document") from exc
        self._updates.append(news)
        self._state = None
