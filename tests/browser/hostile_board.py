"""A hostile client that writes values of wrong types to a board over the raw protocol."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pycrdt import Array, Doc, Map
from websockets.sync.client import ClientConnection, connect

from apps.classroom.realtime.board import yproto
from tests.browser.room_school import School

# All numbers in JavaScript are floats.
BASE: dict[str, Any] = {
    **{"x": 60.0, "y": 60.0, "width": 90.0, "height": 70.0, "angle": 0.0, "opacity": 100.0},
    **{"strokeColor": "#e03131", "backgroundColor": "#ffc9c9", "fillStyle": "hachure"},
    **{"strokeWidth": 2.0, "strokeStyle": "dashed", "roughness": 1.0, "seed": 5.0},
    **{"roundness": {"type": 3.0, "value": 8.0}, "version": 3.0, "versionNonce": 9.0},
    **{"index": "a1", "isDeleted": False, "groupIds": ["g"], "frameId": None, "updated": 1.0},
    **{"boundElements": [], "link": None, "locked": False, "customData": None},
}
_POINTS = {"points": [[0.0, 0.0], [90.0, 0.0], [90.0, 70.0]], "lastCommittedPoint": None}
_LINE = {
    **_POINTS,
    **{"startBinding": None, "endBinding": None, "startArrowhead": None, "endArrowhead": "arrow"},
}
OWN: dict[str, dict[str, Any]] = {
    "rectangle": {},
    "diamond": {},
    "ellipse": {},
    "line": _LINE,
    "arrow": {
        **_LINE,
        **{"elbowed": True, "fixedSegments": None, "startIsSpecial": False, "endIsSpecial": False},
    },
    "freedraw": {**_POINTS, "pressures": [0.5, 0.5, 0.5], "simulatePressure": False},
    "text": {
        **{"text": "Дріб", "originalText": "Дріб", "fontSize": 20.0, "fontFamily": 5.0},
        **{"textAlign": "left", "verticalAlign": "top", "containerId": None},
        **{"autoResize": True, "lineHeight": 1.25},
    },
    "image": {"fileId": "f", "status": "saved", "scale": [1.0, 1.0], "crop": None},
    "frame": {"name": "Задача"},
    "magicframe": {"name": "Задача"},
}
WRONG: list[Any] = [
    *[None, True, False, 0.0, 5.0, 7, -1.0, 1e6, 1e12, 1e300, -1e300, float("nan"), float("inf")],
    *["", "x", "__proto__", "constructor", "javascript:alert(1)", "zzz!", "д" * 20_000, b"\0\1"],
    *[[], [[]], [None], ["x"], [[0.0, "1"]], [[float("nan"), 0.0]], [{}], [{"id": "x"}]],
    *[{}, {"a": 1.0}, {"type": 3.0, "value": "x"}, {"elementId": "good", "focus": "x"}],
    *[[{"id": "good", "type": "text"}] * 3, {"type": "x"}, [[0.0, 0.0]] * 3000, ["good"], "good"],
]
# Recognisable among the other elements: black, filled and on top.
GOOD = {
    **BASE,
    **{"id": "good", "type": "rectangle", "x": 400.0, "y": 250.0, "width": 200.0, "height": 200.0},
    **{"strokeColor": "#000000", "backgroundColor": "#000000", "fillStyle": "solid"},
    **{"index": "zzzzzzzzzzzzzzzzzzzzzzzzzzz", "roundness": None, "strokeStyle": "solid"},
}
GOOD_INK = 15_000


def wrong_elements(kind: str) -> dict[str, dict[str, Any]]:
    """Return elements by id: each has one property missing or with a wrong value."""
    honest = {"type": kind, **BASE, **OWN[kind]}
    found = {}
    for name in ("id", *honest):
        for at, value in enumerate(WRONG):
            key = f"{name}-{at}"
            found[key] = {**honest, "id": key, **{name: value}}
        whole = {**honest, "id": name}
        found[name] = {key: value for key, value in whole.items() if key != name}
    return found


@contextmanager
def hostile_client(school: School) -> Iterator["HostileClient"]:
    joined = school.request("POST", f"/api/classroom/sessions/{school.session_uuid}/join/", {})
    with connect(f"{joined['board_url']}?ticket={joined['ticket']}", max_size=None) as socket:
        yield HostileClient(socket)


class HostileClient:
    """Sends any values without validating them."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.doc: Doc = Doc()
        self.clock = 0
        self.socket.send(yproto.sync_frame(yproto.STEP1, self.doc.get_state()))
        self._apply_answer()

    def _apply_answer(self) -> None:
        while (frame := self.socket.recv(timeout=30))[:2] != bytes((yproto.SYNC, yproto.STEP2)):
            pass
        self.doc.apply_update(yproto.read_sync(frame).payload)

    def set(self, name: str, values: dict[str, Any]) -> None:
        """Write entries of a root map, and return when the server has stored them."""
        root = self.doc.get(name, type=Map)
        for key, value in values.items():
            before = self.doc.get_state()
            root[key] = value
            update = self.doc.get_update(before)
            self.socket.send(yproto.sync_frame(yproto.UPDATE, update))
        self.socket.send(yproto.sync_frame(yproto.STEP1, self.doc.get_state()))
        self._apply_answer()

    def send_awareness(self, states: list[bytes]) -> None:
        """Send awareness states, each with its own client id."""
        self.clock += 1
        clients = range(self.doc.client_id, self.doc.client_id + len(states))
        entries = [
            yproto.Entry(client, self.clock, state)
            for client, state in zip(clients, states, strict=True)
        ]
        self.socket.send(yproto.awareness_frame(entries))


def wrong_pages() -> dict[str, Any]:
    orders = [None, True, "2", float("nan"), float("inf"), 1e300, [], {}, 7]
    odd = {f"order-{at}": Map({"order": order}) for at, order in enumerate(orders)}
    titles = {f"title-{at}": Map({"order": 1.0, "title": t}) for at, t in enumerate(WRONG)}
    return {
        **odd,
        **titles,
        **{"text": "nonsense", "list": Array([1.0]), "plain": {"order": 1.0}, "none": None},
        **{key: Map({"order": 3.0}) for key in ("__proto__", "constructor", "x" * 300)},
    }


def wrong_files() -> dict[str, Any]:
    urls = ["https://elsewhere.example/x.png", "//elsewhere.example/x.png", "http://[", "", None]
    entries = {
        f"file-{at}": {"id": f"file-{at}", "url": url, "mimeType": "image/png", "created": 1.0}
        for at, url in enumerate([*urls, 5.0, {}, "javascript:alert(1)", "/accounts/logout/"])
    }
    return {**entries, "f": "nonsense", "__proto__": {"url": "/"}, "list": [1.0]}
