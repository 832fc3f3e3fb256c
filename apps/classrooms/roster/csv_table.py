"""Reads the rows of a CSV file with any of the usual delimiters."""

import csv
import io
import re
from collections import Counter

DELIMITERS = ";,\t|"
BLANK_ROWS = "\r\n " + DELIMITERS  # spreadsheets write thousands of them at the end
_ADDRESS_CHAR = r"""[^\s;,|<>"@]"""
_ADDRESS = re.compile(f"{_ADDRESS_CHAR}+@{_ADDRESS_CHAR}+")
# Without repetition: to search for `_ADDRESS` would take quadratic time on a long cell.
_ADDRESS_INSIDE = re.compile(f"{_ADDRESS_CHAR}@{_ADDRESS_CHAR}")
_SAMPLE = 50  # lines used to detect the delimiter
# Excel's `sep=;` line, which other programs may have quoted.
_SEP_LINE = re.compile(r'"?sep=(\\t|[^"\r\n])"?[;,\t|]*[ ]*', re.IGNORECASE)

Line = tuple[int, list[str]]


class OpenQuoteError(ValueError):
    """A quotation mark is not closed; `line` is where its row starts."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def read_table(text: str) -> list[Line]:
    """Non-empty rows with the number of their first line. Raises OpenQuoteError."""
    lines = list(io.StringIO(text.rstrip(BLANK_ROWS) + "\n\n", newline=""))
    declared = _SEP_LINE.fullmatch(lines[0].rstrip("\r\n"))
    if declared:
        delimiter = "\t" if declared[1] == r"\t" else declared[1]
        lines[0] = "\n"
    else:
        delimiter = max(DELIMITERS, key=lambda delimiter: _delimiter_score(lines, delimiter))
    return [
        (number, [cell.strip() for cell in cells])
        for number, cells in _parse_rows(lines, delimiter)
        if any(cell.strip() for cell in cells)
    ]


def has_address(cell: str) -> bool:
    return bool(_ADDRESS_INSIDE.search(cell))


def _delimiter_score(lines: list[str], delimiter: str) -> tuple[int, int, int]:
    """Sort key: cells with just an address, rows of the most frequent width, that width."""
    sample = csv.reader(lines[:_SAMPLE], delimiter=delimiter, skipinitialspace=True)
    try:
        rows = [cells for cells in sample if any(cells)]
    except csv.Error:
        return 0, 0, 0
    address_cells = sum(bool(_ADDRESS.fullmatch(cell.strip())) for cells in rows for cell in cells)
    widths = Counter(len(cells) for cells in rows if len(cells) > 1)
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    return address_cells, count, width


def _parse_rows(lines: list[str], delimiter: str) -> list[Line]:
    rows = []
    start = 0
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    try:
        for cells in reader:
            if reader.line_num - start > 1:
                _check_quotes(lines[start : reader.line_num], delimiter)
            rows.append((start + 1, cells))
            start = reader.line_num
    except csv.Error as exc:  # a cell over csv's limit, because of an open quote
        raise OpenQuoteError(start + 1) from exc
    return rows


def _check_quotes(lines: list[str], delimiter: str) -> None:
    """Raises csv.Error for a row over several lines that strict quoting does not allow.

    In such a row a quote was left open, which made the following rows part of its cell.
    """
    list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=True))
