"""The board socket works with the stock y-websocket client."""

import json
import subprocess
from pathlib import Path

from pycrdt import Map

from apps.classroom import board_log

FRONTEND = Path(__file__).resolve().parents[3] / "frontend"


def test_two_stock_clients_converge_through_the_server(live_room):
    """Strokes, a deletion, cursors, a rejoin and a lost connection."""
    address = live_room.url("board", "").split("?")[0]
    tickets = [live_room.ticket(live_room.tutor), live_room.ticket(live_room.student)]
    done = subprocess.run(
        ["node", "tests/y-websocket.mjs", address, *tickets],
        cwd=FRONTEND,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    one, other = json.loads(done.stdout)
    live_room.stop()
    doc = board_log.load_document(live_room.session.pk)
    assert len(one) == 119
    assert one == other == doc.get("elements:1", type=Map).to_py()
