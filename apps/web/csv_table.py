"""The rows of a CSV file, whatever a spreadsheet put between its cells."""

import csv
import io
import re
from collections import Counter

DELIMITERS = ";,\t|"
ADDRESS = re.compile(r"""[^\s;,|<>"@]+@[^\s;,|<>"@]+""")
_SAMPLE = 50  # lines that the delimiter is told by
# Excel's own: the whole first line, which other programs may have put into quotes.
_SEP = re.compile(r'"?sep=(\\t|[^"\r\n])"?[;,\t|]*[ ]*', re.IGNORECASE)

Line = tuple[int, list[str]]


class OpenQuoteError(ValueError):
    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def read_table(text: str) -> list[Line]:
    """The rows that are not empty, each with the number of its first line. Raises
    OpenQuoteError."""
    raw = list(io.StringIO(text.rstrip("\r\n") + "\n\n", newline=""))
    said = _SEP.fullmatch(raw[0].rstrip("\r\n"))
    if said:
        delimiter = "\t" if said[1] == r"\t" else said[1]
        raw[0] = "\n"
    else:
        delimiter = max(DELIMITERS, key=lambda mark: _likelihood(raw, mark))
    return [
        (number, [cell.strip() for cell in cells])
        for number, cells in _rows(raw, delimiter)
        if any(cell.strip() for cell in cells)
    ]


def _likelihood(raw: list[str], delimiter: str) -> tuple[int, int, int]:
    """By how many addresses stand alone in a cell, then by how many rows are of one width."""
    sample = csv.reader(raw[:_SAMPLE], delimiter=delimiter, skipinitialspace=True)
    try:
        rows = [cells for cells in sample if any(cells)]
    except csv.Error:
        return 0, 0, 0
    alone = sum(bool(ADDRESS.fullmatch(cell.strip())) for cells in rows for cell in cells)
    widths = Counter(len(cells) for cells in rows if len(cells) > 1)
    width, often = max(widths.items(), key=lambda found: (found[1], found[0]), default=(0, 0))
    return alone, often, width


def _rows(raw: list[str], delimiter: str) -> list[Line]:
    found = []
    begun = 0
    reader = csv.reader(raw, delimiter=delimiter, skipinitialspace=True)
    try:
        for cells in reader:
            if reader.line_num - begun > 1:
                _check_quotes(raw[begun : reader.line_num], delimiter)
            found.append((begun + 1, cells))
            begun = reader.line_num
    except csv.Error as exc:  # a cell longer than any: what an open quote makes of the rest
        raise OpenQuoteError(begun + 1) from exc
    return found


def _check_quotes(lines: list[str], delimiter: str) -> None:
    """A row over several lines in which text follows a closing quote, or none closes, is one in
    which a quote was left open: it has swallowed other rows."""
    list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True))
