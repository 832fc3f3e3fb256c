import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.common.spreadsheets import escape_formula, unescape_formula


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@a", "\tx", "\rx"])
def test_each_formula_start_is_escaped(cell):
    assert escape_formula(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["a;=1", "a\t+1", "a\r\n@x", "＝1", ";-1"])
def test_formula_after_a_separator_in_a_cell_is_escaped(cell):
    for mark in "=+@-＝":
        assert f"'{mark}" in escape_formula(cell) or mark not in cell


@given(st.text(alphabet="=+-@'; \t\r\n＝aЯ", max_size=12))
def test_escaped_cell_is_unescaped_to_the_original(cell):
    assert unescape_formula(escape_formula(cell)) == cell
