"""The front end's board client, run by Node against a real server."""

import json
import subprocess
from pathlib import Path

import pytest

FRONTEND = Path(__file__).resolve().parents[3] / "frontend"
MIB = 1024 * 1024
pytestmark = pytest.mark.any_database


def run_scenario(live_room, scenario):
    address = live_room.url("board", "").split("?")[0]
    tickets = [live_room.ticket(live_room.student), live_room.ticket(live_room.tutor)]
    done = subprocess.run(
        ["node", "tests/board-provider.mjs", scenario, address, *tickets],
        cwd=FRONTEND,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("scenario", ["offline", "connectionLost", "oneTransaction"])
def test_changes_larger_than_a_frame_arrive(live_room, scenario):
    """The indicator of unsent changes stays until they have arrived."""
    result = run_scenario(live_room, scenario)
    assert result["size"] > 2 * MIB
    assert result["unsent"] == 200
    assert result["arrived"]
    assert result["largest"] <= MIB
    assert not {4413, 4429} & set(result["codes"])


def test_changes_beyond_the_byte_rate_arrive(live_room, monkeypatch):
    monkeypatch.setattr("apps.classroom.realtime.server.app.BYTES_RATE", 1.1 * MIB)
    monkeypatch.setattr("apps.classroom.realtime.server.app.BYTES_BURST", 2.1 * MIB)
    result = run_scenario(live_room, "beyondRate")
    assert result["arrived"]
    assert 4429 not in result["codes"]
