"""Values of updates: the short ways of reading objects agree with the general one."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Map

from apps.classroom.realtime.board.update_scan import Scanner, scan
from apps.classroom.realtime.board.varints import Malformed

plain = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(max_size=200)
)
keys = st.text(max_size=150)
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5)
)
slow_machine = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
objects = st.dictionaries(keys, values, max_size=8)


class _GeneralReader(Scanner):
    """Reads each key and value of an object by the general functions."""

    def _read_value(self, levels):
        if self.data[self.at] != OBJECT:
            return super()._read_value(levels)
        self.at += 1
        count = self._read_number()
        return {self._read_string(): self._read_value(levels - 1) for _ in range(count)}


OBJECT = 118


def read_with(reader, update, found):
    class Reader(reader):
        def _is_valid(self, value):
            found.append(value)
            return True

    Reader(update, is_stored=True).scan()


@slow_machine
@given(objects)
def test_objects_are_read_as_they_were_written(value):
    doc = Doc(client_id=7)
    doc.get("m", type=Map)["k"] = value
    update, found = doc.get_update(), []
    read_with(Scanner, update, found)
    read_with(_GeneralReader, update, found)
    assert found[0] == found[1]
    assert repr(found[0]) == repr(found[1])  # True is not 1
    assert scan(update).runs == [(7, 0, 1)]


@slow_machine
@given(objects, st.data())
def test_shortened_updates_are_malformed(value, data):
    doc = Doc(client_id=7)
    doc.get("m", type=Map)["k"] = value
    update = doc.get_update()
    with pytest.raises(Malformed):
        scan(update[: data.draw(st.integers(0, len(update) - 1))])
