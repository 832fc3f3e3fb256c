"""The front end's board client, run by Node against a real server."""

import pytest

MIB = 1024 * 1024
pytestmark = pytest.mark.any_database


@pytest.mark.parametrize("scenario", ["offline", "connectionLost", "oneTransaction"])
def test_changes_larger_than_a_frame_arrive(live_room, scenario):
    """The indicator of unsent changes stays until they have arrived."""
    result = live_room.run_in_node("board-provider.mjs", scenario)
    assert result["size"] > 2 * MIB
    assert result["unsent"] == 200
    assert result["arrived"]
    assert result["largest"] <= MIB
    assert not {4413, 4429} & set(result["codes"])


def test_changes_beyond_the_byte_rate_arrive(live_room, monkeypatch):
    monkeypatch.setattr("apps.classroom.realtime.server.app.BYTES_RATE", 1.1 * MIB)
    monkeypatch.setattr("apps.classroom.realtime.server.app.BYTES_BURST", 2.1 * MIB)
    result = live_room.run_in_node("board-provider.mjs", "beyondRate")
    assert result["arrived"]
    assert 4429 not in result["codes"]
