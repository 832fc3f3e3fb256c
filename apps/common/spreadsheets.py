"""Escapes the cells of CSV files that a spreadsheet would execute as formulas."""

import re

# Where a spreadsheet may start a cell, and what makes it a formula there (OWASP CSV injection).
# Quotes before the sign count as well: read with another separator, they may enclose the cell.
_CELL_START = r"(?<![^;|\t\r\n])"
_FORMULA = r"(?=(?:['\"]|[^\S\t\r\n])*[=+\-@＝＋－＠]|'*[\t\r\n])"


def escape_formula(cell: str) -> str:
    """Prefix everything that could start a formula with an apostrophe."""
    return re.sub(_CELL_START + _FORMULA, "'", cell)


def unescape_formula(cell: str) -> str:
    """Revert `escape_formula`."""
    return re.sub(f"{_CELL_START}'{_FORMULA}", "", cell)
