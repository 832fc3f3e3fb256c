"""The Yjs document of a board: held as bytes until somebody draws, and again when it is idle.

A loaded document takes about ten times the memory of its bytes, and most open boards are only
looked at. A large board is held as an outline (outline.py), to which updates are applied, and as
the bytes from before, from which clients are answered. The clock of each client and the delete set
are kept beside the document, so that the cost of an update does not depend on the board's size.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from pycrdt import Doc, get_state, merge_updates
from pycrdt import get_update as update_without

from apps.classroom.compaction import MAX_COMPARISONS, SMALL_BOARD, UNSCANNED
from apps.classroom.merging import apply, build_document, merge_bytes, readable
from apps.classroom.realtime.board.deletions import DeleteSet
from apps.classroom.realtime.board.doc_builder import DocBuilder
from apps.classroom.realtime.board.origins import Origins, read_origins
from apps.classroom.realtime.board.outline import Base, Buffers, concatenate
from apps.classroom.realtime.board.update_scan import (
    ItemId,
    PendingDependency,
    Placed,
    Run,
    Scan,
    encode_deletions,
    scan_trusted,
)
from apps.classroom.realtime.board.varints import Malformed
from apps.classroom.realtime.board.yproto import EMPTY_UPDATE, read_state_vector, state_vector_of


class Snapshot(NamedTuple):
    """The updates that made up a document when its compaction began."""

    updates: list[bytes]
    replacements: int
    conflicts: int


def _read_deletions(update: bytes) -> DeleteSet:
    return DeleteSet(scan_trusted(update).deletions)


class Document:
    def __init__(self, updates: Sequence[bytes]) -> None:
        """Build the document from all its updates, in order; unreadable ones are skipped."""
        self._updates = list(updates) or [EMPTY_UPDATE]
        self._doc: Doc[Any] | None = None
        self._state: bytes | None = None  # the whole document as one update, while not loaded
        self.unreadable: set[int] = set()  # the indexes in `updates` of those that were skipped
        self._base: Base | None = None  # the first update and its outline, if `_doc` is an outline
        self._replacements = 0  # how often `_updates` was replaced
        if self.is_large or not self._merge_bytes():
            self._load()
        vector = self._doc.get_state() if self._doc is not None else get_state(self.encode())
        self.clocks = dict(read_state_vector(vector))
        self._known_origins: Origins | None = None
        self._delete_set: DeleteSet | None = None
        self._collected = 0  # runs of structs without content that `_delete_set` does not have
        if self.is_large:
            self._delete_set = self._read_delete_set()  # now, while in a thread
        if self.size > UNSCANNED:
            self._known_origins = read_origins(self.encode())

    @classmethod
    async def outlined(cls, base: Base) -> "Document":
        """Build the document as an outline. Raises ValueError if yrs rejects the outline."""
        builder = DocBuilder()
        await builder.add(base.outline.updates)
        document = cls([])
        document._delete_set = await asyncio.to_thread(_read_deletions, base.outline.deletions)
        document.clocks = dict(base.outline.clocks)
        items = sum(chunk.structs for chunk in base.outline.chunks)
        document._known_origins = await asyncio.to_thread(Origins, base.outline.origins, items)
        document._updates, document._doc, document._base = [base.state], builder.doc, base
        document._state = None
        return document

    def _merge_bytes(self) -> bool:
        """Merge the updates without loading a document; return False if one is unreadable."""
        try:
            self._state = merge_bytes(self._updates)
            get_state(self._state)
        except ValueError:
            return False
        return True

    def _load(self) -> "Doc[Any]":
        if self._base is not None:
            self._doc = build_document([*self._base.outline.updates, *self._updates[1:]])[0]
            return self._doc
        self._doc, self.unreadable = build_document(self._updates)
        self._updates = [u for index, u in enumerate(self._updates) if index not in self.unreadable]
        self._replacements += bool(self.unreadable)
        self._state = None
        return self._doc

    def ensure_loaded(self) -> "Doc[Any]":
        return self._doc if self._doc is not None else self._load()

    @property
    def is_loaded(self) -> bool:
        return self._doc is not None

    @property
    def updates(self) -> list[bytes]:
        """The updates that make up the document, in order."""
        return self._updates

    @property
    def is_outlined(self) -> bool:
        return self._base is not None

    @property
    def size(self) -> int:
        """The size of its updates in bytes, including content that was replaced since."""
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

    def diff(self, state_vector: bytes) -> list[Buffers]:
        """Return the updates missing from a state vector, in order, each as buffers.

        Raises Malformed if it is not a state vector.
        """
        base = self._base
        if base is None or base.is_included_in(known := dict(read_state_vector(state_vector))):
            return [[self._diff(state_vector)]]
        clocks = base.outline.clocks | {
            client: clock
            for client, clock in known.items()
            if clock > base.outline.clocks.get(client, 0)
        }
        older, newer = base.diff(known), self._diff(state_vector_of(clocks))
        ends = base.outline.clocks.items()
        if any(known.get(client, 0) < end < self.clocks.get(client, 0) for client, end in ends):
            return [older, [newer]]  # an update may contain each client id only once
        return [concatenate(older, newer)]

    def _diff(self, state_vector: bytes) -> bytes:
        """Return the diff as one update; of an outline, only what was added to it."""
        try:
            if self._doc is not None or self._base is not None:
                return self.ensure_loaded().get_update(state_vector)
            return update_without(self.encode(), state_vector)
        except ValueError as exc:
            raise Malformed("not a state vector") from exc

    def unload(self) -> None:
        """Replace a loaded document by its bytes if it is small."""
        if self._doc is None or self._base is not None or self.size > 4 * SMALL_BOARD:
            return  # compaction reduces it first
        if self.comparisons > MAX_COMPARISONS:
            return  # loading it again could block the event loop
        state = self._doc.get_update()
        if len(state) <= SMALL_BOARD:
            self._updates, self._state, self._doc = [state], state, None
            self._replacements += 1

    # -- compaction -------------------------------------------------------------------------

    def snapshot(self) -> "Snapshot":
        origins = self._known_origins
        conflicts = origins.conflicts if origins is not None else 0
        return Snapshot(list(self._updates), self._replacements, conflicts)

    def mark_measured(self, compacted: "Snapshot") -> None:
        """Forget the conflicts up to a snapshot: how long they take has been measured."""
        if self._known_origins is not None:
            known = self._known_origins.conflicts
            self._known_origins.conflicts = max(0, known - compacted.conflicts)

    @property
    def comparisons(self) -> int:
        """Comparisons that conflicts since the last compaction may take. A board of up to UNSCANNED
        bytes is scanned for them once somebody draws."""
        return self._known_origins.comparisons if self._known_origins is not None else 0

    def replace(self, compacted: "Snapshot", state: bytes) -> None:
        """Replace the updates of a snapshot by the equal but smaller `state`.

        Does nothing if the updates were replaced since, or while the document is an outline or not
        loaded: clients are then answered from the updates themselves.
        """
        if (
            self._doc is not None
            and self._base is None
            and compacted.replacements == self._replacements
        ):
            self._updates[: len(compacted.updates)] = [state]
            self._replacements += 1

    async def rebuild(
        self, compacted: "Snapshot", state: bytes, base: Base | None
    ) -> list[Buffers]:
        """Replace the updates of a snapshot by `state` and build the document anew: as an outline
        if `base` is given, else whole. Return the updates in `state` that were unknown here: the
        log may hold what another process could not publish.

        Raises ValueError, having changed nothing.
        """
        builder, end = DocBuilder(), len(compacted.updates)
        await builder.add([state] if base is None else base.outline.updates)
        while compacted.replacements == self._replacements and end < len(self._updates):
            added, end = self._updates[end:], len(self._updates)
            await builder.add(added)
        if compacted.replacements == self._replacements:
            self._updates[: len(compacted.updates)] = [state]
            self._doc, self._base, self._state = builder.doc, base, None
            self._replacements += 1
            return self._learn_clocks()
        return []

    def _learn_clocks(self) -> list[Buffers]:
        """Take the clocks from the document; return the updates beyond those known before."""
        known = self.state_vector()
        found = dict(read_state_vector(self.ensure_loaded().get_state()))
        if all(self.clocks.get(client, 0) >= clock for client, clock in found.items()):
            return []
        self.clocks = found
        self._delete_set, self._collected = None, 0
        return self.diff(known)

    # -- updates ----------------------------------------------------------------------------

    def apply_updates(self, updates: Sequence[bytes]) -> bytes | None:
        """Scan updates that the server has checked before, and apply them like `apply_scans`."""
        return self.apply_scans([scan_trusted(update) for update in updates])

    def apply_scans(self, scans: Sequence[Scan]) -> bytes | None:
        """Apply updates; return the new part, or None if all were known.

        Raises Malformed, or PendingDependency, having changed nothing.
        """
        ends = self._end_clocks(scans)
        new_deletions = [
            run
            for scanned in scans
            for run in scanned.deletions
            if not self.deletions.contains(run)
        ]
        if not ends and not new_deletions:
            return None
        new_part, origins = self._new_part(scans, new_deletions), self._origins
        places = [
            (self._new_places(each), self._new_inner(each))
            for each in scans
            if each.placed or each.inner  # of most strokes, neither
        ]
        self._apply(new_part, self._depends_on_itself(scans), ends)
        self._collected += self._count_new_collected(scans)
        self.clocks |= ends
        for run in new_deletions:
            self.deletions.add(run)
        for placed, inner in places:
            origins.add(placed, inner)
        return new_part

    def is_known(self, scanned: Scan) -> bool:
        """Whether an update brings nothing new."""
        return all(
            end <= self.clocks.get(client, 0) for client, _start, end in scanned.runs
        ) and all(self.deletions.contains(run) for run in scanned.deletions)

    def count_deleted(self, scans: Sequence[Scan]) -> int:
        """Return about how many elements the updates delete: they mark them as deleted, or delete
        values without writing others in their place."""
        marked = sum(scanned.marked_deleted for scanned in scans)
        deleted = [run for scanned in scans for run in scanned.deletions]
        if not deleted:
            return marked
        added = sum(end - start for scanned in scans for _client, start, end in scanned.runs)
        if sum(end - start for _client, start, end in deleted) > added:
            deleted = [run for run in deleted if not self.deletions.contains(run)]
        return marked + max(0, sum(end - start for _client, start, end in deleted) - added)

    @property
    def _origins(self) -> Origins:
        if self._known_origins is None:
            self._known_origins = read_origins(self.encode())
        return self._known_origins

    def find_conflicts(self, scans: Sequence[Scan]) -> set[ItemId]:
        """Return the new items of scans that yrs may have to compare with many others."""
        scans = [scanned for scanned in scans if scanned.placed or scanned.inner]
        placed = [each for scanned in scans for each in self._new_places(scanned)]
        if not placed:
            return set()
        inner = [run for scanned in scans for run in self._new_inner(scanned)]
        return self._origins.find_conflicts(placed, inner)

    def _new_places(self, scanned: Scan) -> list[Placed]:
        """Return a scan's items that are new. yrs places the new part of a partly known one behind
        the known part."""
        known = self.clocks
        new = [each for each in scanned.placed if each[0][1] >= known.get(each[0][0], 0)]
        for client, start, last in scanned.inner:
            if start < known.get(client, 0) <= last:
                new.append(((client, start), (client, known[client] - 1)))
        return new

    def _new_inner(self, scanned: Scan) -> list[Run]:
        """Return the runs of `inner` without their known parts."""
        known = self.clocks
        runs = (
            (client, max(start, known.get(client, 0)), last)
            for client, start, last in scanned.inner
        )
        return [run for run in runs if run[1] < run[2]]

    def may_block(self, scanned: Scan) -> bool:
        """Whether several items of a scan may have to be compared with too many others."""
        conflicts = len(self.find_conflicts([scanned]))
        return conflicts > 1 and conflicts * self._origins.items > MAX_COMPARISONS

    @property
    def deletion_runs(self) -> int:
        """The number of runs in the delete set, 0 until something is deleted."""
        known = self._delete_set.count if self._delete_set is not None else 0
        return known + self._collected

    def count_new_deletions(self, scanned: Scan) -> int:
        """Return the number of runs that a scan would add to the delete set."""
        deleted = sum(not self.deletions.contains(run) for run in scanned.deletions)
        return deleted + self._count_new_collected([scanned])

    def _count_new_collected(self, scans: Sequence[Scan]) -> int:
        known = self.clocks
        runs = (run for scanned in scans for run in scanned.collected)
        return sum(end > known.get(client, 0) for client, _start, end in runs)

    @property
    def deletions(self) -> DeleteSet:
        if self._delete_set is None:
            self._delete_set = self._read_delete_set()
        return self._delete_set

    def _read_delete_set(self) -> DeleteSet:
        return _read_deletions(self._diff(self.state_vector()))

    def check_dependencies(self, scans: Sequence[Scan]) -> None:
        """Raise PendingDependency if an update depends on one that has not arrived."""
        self._end_clocks(scans)

    def _end_clocks(self, scans: Sequence[Scan]) -> dict[int, int]:
        """Return the clocks that the scans raise. Raises PendingDependency if one is missing."""
        clocks, ends = self.clocks, dict[int, int]()
        runs = [run for scanned in scans for run in scanned.runs]
        for client, start, end in sorted(runs):
            known = ends.get(client) or clocks.get(client, 0)
            if start > known:
                raise PendingDependency(client, start)
            if end > known:
                ends[client] = end
        for scanned in scans:
            for client, clock in scanned.needs.items():
                if clock > clocks.get(client, 0) and clock > ends.get(client, 0):
                    raise PendingDependency(client, clock)
        return ends

    def _new_part(self, scans: Sequence[Scan], new_deletions: Sequence[Run]) -> bytes:
        """Return one update with the new structs of the scans and the new deletions."""
        try:
            parts = [self._unknown_structs(scanned) for scanned in scans]
            structs = merge_updates(*parts) if len(parts) > 1 else readable(parts[0])
        except ValueError as exc:
            raise Malformed("not a Yjs update") from exc
        return structs[:-1] + encode_deletions(new_deletions)

    def _unknown_structs(self, scanned: Scan) -> bytes:
        """Return the scan's structs that are not known yet, as an update without deletions, which
        ends with a single zero byte."""
        update = scanned.update[: scanned.deletions_at] + b"\x00"
        known = {client: self.clocks.get(client, 0) for client, _start, _end in scanned.runs}
        for client, start, _end in scanned.runs:
            if start < known[client]:
                return update_without(update, state_vector_of(known))
        return update

    def _depends_on_itself(self, scans: Sequence[Scan]) -> bool:
        """Whether scans need what one of them brings: in a cycle, yrs would wait for ever."""
        needs = [need for scanned in scans for need in scanned.needs.items()]
        return any(clock > self.clocks.get(client, 0) for client, clock in needs)

    def _apply(self, new_part: bytes, may_be_cyclic: bool, ends: dict[int, int]) -> None:
        try:
            apply(self.ensure_loaded(), new_part)
            if may_be_cyclic:
                found = dict(read_state_vector(self.ensure_loaded().get_state()))
                if any(found.get(client, 0) < end for client, end in ends.items()):
                    raise ValueError("items depend on one another")
        except ValueError as exc:
            # The failed document may be half changed: build it anew from `_updates` when needed.
            self._doc = self._state = None
            raise Malformed("the update does not fit this document") from exc
        self._updates.append(new_part)
        self._state = None
