"""Sets of clocks as runs, such as the delete set of a document: finds what is not new."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator

from apps.classroom.realtime.board.update_scan import Run


class DeleteSet:
    def __init__(self, runs: Iterable[Run] = ()) -> None:
        # Per client, the sorted starts and ends of runs that neither touch nor overlap.
        self._starts: defaultdict[int, list[int]] = defaultdict(list)
        self._ends: defaultdict[int, list[int]] = defaultdict(list)
        self.count = 0  # of runs
        for run in runs:
            self.add(run)

    def contains(self, run: Run) -> bool:
        client, start, end = run
        starts = self._starts.get(client)
        if starts is None:
            return False
        at = bisect_right(starts, start) - 1
        return at >= 0 and self._ends[client][at] >= end

    def gaps(self, run: Run) -> Iterator[Run]:
        """Yield the parts of a run that are not in the set."""
        client, start, end = run
        starts, ends = self._starts.get(client, []), self._ends.get(client, [])
        for at in range(bisect_right(ends, start), len(starts)):
            if starts[at] >= end:
                break
            if starts[at] > start:
                yield client, start, starts[at]
            start = ends[at]
        if start < end:
            yield client, start, end

    def __iter__(self) -> Iterator[Run]:
        for client, starts in self._starts.items():
            for start, end in zip(starts, self._ends[client], strict=True):
                yield client, start, end

    def add(self, run: Run) -> None:
        client, start, end = run
        starts, ends = self._starts[client], self._ends[client]
        first, last = bisect_left(ends, start), bisect_right(starts, end)
        if first < last:  # merge with the runs it touches
            start, end = min(start, starts[first]), max(end, ends[last - 1])
        self.count += 1 - max(0, last - first)
        starts[first:last] = [start]
        ends[first:last] = [end]
