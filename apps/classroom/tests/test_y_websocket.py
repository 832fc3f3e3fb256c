"""The board socket works with the stock y-websocket client."""

from pycrdt import Map

from apps.classroom import board_log


def test_two_stock_clients_converge_through_the_server(live_room):
    """Strokes, a deletion, cursors, a rejoin and a lost connection."""
    one, other = live_room.run_in_node("y-websocket.mjs")
    live_room.stop()
    doc = board_log.load_document(live_room.session.pk)
    assert len(one) == 119
    assert one == other == doc.get("elements:1", type=Map).to_py()
