import csv
import io
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.common.spreadsheets import escape_formula, unescape_formula


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@a", "\tx", "\rx"])
def test_each_formula_start_is_escaped(cell):
    assert escape_formula(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["a;=1", "a\t+1", "a\r\n@x", "＝1", ";-1", "a|=1"])
def test_formula_after_a_separator_in_a_cell_is_escaped(cell):
    for mark in "=+@-＝":
        assert f"'{mark}" in escape_formula(cell) or mark not in cell


@given(st.text(alphabet="=+-@'\";| \t\r\n＝aЯ", max_size=12))
def test_escaped_cell_is_unescaped_to_the_original(cell):
    assert unescape_formula(escape_formula(cell)) == cell


@pytest.mark.parametrize("length", range(6))
@pytest.mark.parametrize("other", ";|")
def test_export_has_no_formula_under_either_separator_and_reads_back(length, other):
    cells = ["".join(characters) for characters in product(f"a{other}\"'= ", repeat=length)]
    for row in ((cell, "x") if first else ("x", cell) for cell in cells for first in (True, False)):
        out = io.StringIO()
        csv.writer(out).writerow(map(escape_formula, row))
        [read] = csv.reader([out.getvalue()])
        assert tuple(map(unescape_formula, read)) == row
        for separator in (",", other):
            for found in csv.reader(io.StringIO(out.getvalue()), delimiter=separator):
                assert not [cell for cell in found if cell.lstrip().startswith("=")], row
