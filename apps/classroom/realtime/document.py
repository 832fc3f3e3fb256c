"""The Yjs document of a board: bytes until somebody draws, and bytes again when it has been quiet.

A document takes about ten times the memory of its bytes, and most boards of most open rooms are
only looked at; a large one stays a document, since reading it holds up the event loop. What there
is of each client, and what is deleted, is known beside it, so that an update costs what it brings,
however large the board is and whoever drew on it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from pycrdt import Doc, get_state, merge_updates
from pycrdt import get_update as update_without

from apps.classroom.folding import SMALL
from apps.classroom.reading import apply, merged, put_together
from apps.classroom.realtime.deletions import Deletions
from apps.classroom.realtime.update_scan import Run, Scan, encode_deletions, scan, scan_own
from apps.classroom.realtime.varints import Malformed
from apps.classroom.realtime.yproto import EMPTY_UPDATE, read_state_vector, state_vector_of


class Early(Malformed):
    """Nothing is wrong with it, but what `client` drew before `clock` is not here yet."""

    def __init__(self, client: int, clock: int) -> None:
        super().__init__("what comes before it is missing")
        self.client, self.clock = client, clock


class Document:
    def __init__(self, updates: Sequence[bytes]) -> None:
        """`updates` hold all of it, to be read in this order; what cannot be read is left out."""
        self._updates = list(updates) or [EMPTY_UPDATE]
        self._doc: Doc[Any] | None = None
        self._state: bytes | None = None  # all of it, while there is no document
        self.unreadable: set[int] = set()  # the places in `updates` of what was left out
        if self.is_large or not self._settles():
            self._wake()
        vector = self._doc.get_state() if self._doc is not None else get_state(self.whole())
        self.clocks = dict(read_state_vector(vector))
        self._deletions: Deletions | None = None
        if self.is_large:
            self.deletions  # noqa: B018  (read now, in a thread)

    def _settles(self) -> bool:
        """As bytes, unless one of them is no update."""
        try:
            self._state = merged(self._updates)
            get_state(self._state)
        except ValueError:
            return False
        return True

    def _wake(self) -> "Doc[Any]":
        self._doc, self.unreadable = put_together(self._updates)
        self._updates = [u for place, u in enumerate(self._updates) if place not in self.unreadable]
        self._state = None
        return self._doc

    def read(self) -> "Doc[Any]":
        return self._doc if self._doc is not None else self._wake()

    @property
    def parts(self) -> list[bytes]:
        """Updates that hold all of it, in their order."""
        return self._updates

    @property
    def size(self) -> int:
        """Of all that it was put together from; what was drawn over is counted too."""
        return sum(map(len, self._updates))

    @property
    def is_large(self) -> bool:
        return self.size > SMALL

    def whole(self) -> bytes:
        if self._doc is not None:
            return self._doc.get_update()
        if self._state is None:
            self._state = merged(self._updates)
        return self._state

    def state_vector(self) -> bytes:
        return state_vector_of(self.clocks)

    def since(self, state_vector: bytes) -> bytes:
        """What it has beyond that. Raises Malformed for no state vector."""
        try:
            if self._doc is not None:
                return self._doc.get_update(state_vector)
            return update_without(self.whole(), state_vector)
        except ValueError as exc:
            raise Malformed("not a state vector") from exc

    def has_all_of(self, clocks: Iterable[tuple[int, int]]) -> bool:
        return all(self.clocks.get(client, 0) >= clock for client, clock in clocks)

    def rest(self) -> None:
        """Nobody has drawn for a while."""
        if self._doc is None or self.size > 4 * SMALL:  # folding brings it down
            return
        state = self._doc.get_update()
        if len(state) <= SMALL:
            self._updates, self._state, self._doc = [state], state, None

    def replace(self, count: int, state: bytes) -> None:
        """`state` holds what the first `count` parts do. While there is no document, the parts are
        what is answered from, and stay."""
        if self._doc is not None and count <= len(self._updates):
            self._updates[:count] = [state]

    # -- taking in --------------------------------------------------------------------------

    def take(self, updates: Sequence[bytes]) -> bytes | None:
        """As `take_in`, of updates that nobody has looked at yet."""
        return self.take_in([scan(update) for update in updates])

    def take_in(self, scans: Sequence[Scan]) -> bytes | None:
        """What of them the document had not known; None when it knew it all. Raises Malformed,
        having taken in nothing."""
        ends = self._ends(scans)
        new = [run for one in scans for run in one.deletions if not self.deletions.has(run)]
        if not ends and not new:
            return None
        news = self._news(scans, new)
        self._apply(news)
        self.clocks |= ends
        for run in new:
            self.deletions.add(run)
        return news

    @property
    def deletions(self) -> Deletions:
        if self._deletions is None:
            self._deletions = Deletions(scan_own(self.since(self.state_vector())).deletions)
        return self._deletions

    def _ends(self, scans: Sequence[Scan]) -> dict[int, int]:
        """How far each client that they bring something of is known after them."""
        clocks, ends = self.clocks, dict[int, int]()
        runs = [run for one in scans for run in one.runs]
        for client, start, end in sorted(runs):
            known = ends.get(client) or clocks.get(client, 0)
            if start > known:
                raise Early(client, start)
            if end > known:
                ends[client] = end
        for one in scans:
            for client, clock in one.needs.items():
                if clock > clocks.get(client, 0) and clock > ends.get(client, 0):
                    raise Early(client, clock)
        return ends

    def _news(self, scans: Sequence[Scan], new: Sequence[Run]) -> bytes:
        """One update with what of them is new, the deletions `new` among it."""
        try:
            parts = [self._unknown(one) for one in scans]
            structs = merge_updates(*parts) if len(parts) > 1 else parts[0]
        except ValueError as exc:
            raise Malformed("not a Yjs update") from exc
        return structs[:-1] + encode_deletions(new)

    def _unknown(self, one: Scan) -> bytes:
        """Its structs that are not known, as an update without deletions: those end it as one 0."""
        update = one.update[: one.deletions_at] + b"\x00"
        known = {client: self.clocks.get(client, 0) for client, _start, _end in one.runs}
        if all(start == known[client] for client, start, _end in one.runs):
            return update
        return update_without(update, state_vector_of(known))

    def _apply(self, news: bytes) -> None:
        try:
            apply(self.read(), news)
        except ValueError as exc:
            # Made anew, when next it is needed, from what was taken in before.
            self._doc = self._state = None
            raise Malformed("not for this document") from exc
        self._updates.append(news)
        self._state = None
