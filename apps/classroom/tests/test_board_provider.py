"""The room's own client of the board, run by Node against a real server."""

import json
import subprocess
from pathlib import Path

import pytest

FRONTEND = Path(__file__).resolve().parents[3] / "frontend"
MIB = 1024 * 1024
pytestmark = pytest.mark.any_database


def play(house, scene):
    address = house.url("board", "").split("?")[0]
    tickets = [house.ticket(house.student), house.ticket(house.tutor)]
    done = subprocess.run(
        ["node", "tests/board-provider.mjs", scene, address, *tickets],
        cwd=FRONTEND,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("scene", ["offline", "broken", "together"])
def test_more_than_a_frame_holds_arrives(house, scene):
    """And the sign of unsent strokes goes out no sooner."""
    noted = play(house, scene)
    assert noted["size"] > 2 * MIB
    assert noted["unsent"] == 200
    assert noted["arrived"]
    assert noted["largest"] <= MIB
    assert not {4413, 4429} & set(noted["codes"])


def test_more_than_the_server_takes_at_once_arrives_too(house, monkeypatch):
    monkeypatch.setattr("apps.classroom.realtime.server.app.BYTES_RATE", 1.1 * MIB)
    monkeypatch.setattr("apps.classroom.realtime.server.app.BYTES_BURST", 2.1 * MIB)
    noted = play(house, "much")
    assert noted["arrived"]
    assert 4429 not in noted["codes"]
