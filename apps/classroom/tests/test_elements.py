"""Undrawable elements are kept off a board, whoever sends them and however."""

import asyncio

import pytest
from pycrdt import Doc, Map

from apps.classroom.compaction import compact
from apps.classroom.elements import is_valid_element
from apps.classroom.realtime.board.update_scan import scan
from apps.classroom.tests.clients import eventually

GOOD = {
    "id": "e",
    "type": "freedraw",
    "x": 1.5,
    "y": -20,
    "width": 100,
    "height": 55.25,
    "angle": 0,
    "strokeColor": "#1e1e1e",
    "backgroundColor": "transparent",
    "fillStyle": "solid",
    "strokeWidth": 2,
    "strokeStyle": "solid",
    "roughness": 1,
    "opacity": 100,
    "groupIds": ["g"],
    "frameId": None,
    "index": "a1",
    "roundness": {"type": 3, "value": 12.5},
    "seed": 12345,
    "version": 7,
    "versionNonce": 2**31 - 1,
    "isDeleted": False,
    "boundElements": [{"id": "t", "type": "text"}],
    "updated": 1_700_000_000_000,
    "link": "https://example.org/",
    "locked": False,
    "customData": {"anything": [1, {"of": None}]},
    "points": [[0, 0], [1.25, -3], [2, 2]],
    "pressures": [0.5, 0.25],
    "simulatePressure": True,
    "lastCommittedPoint": [2, 2],
    "startBinding": {"elementId": "r", "focus": 0.1, "gap": 4, "fixedPoint": None},
    "fontSize": 20,
    "fontFamily": 5,
    "text": "привіт",
    "originalText": "привіт",
    "textAlign": "left",
    "verticalAlign": "top",
    "containerId": None,
    "autoResize": True,
    "lineHeight": 1.25,
    "fileId": "f",
    "status": "saved",
    "scale": [1, -1],
    "crop": None,
    "name": None,
    "elbowed": False,
    "fixedSegments": None,
}
HUGE = 1e300
WRONG = [5, "x", True, {"a": 1}, [{"a": 1}], float("nan"), float("inf"), HUGE]
NULL_OR_TEXT = ("frameId", "containerId", "name")


def is_valid_value(name, value):
    own = GOOD[name]
    if isinstance(own, bool):
        return value is True
    if isinstance(own, int | float):
        return value == 5
    if isinstance(own, str) or name in NULL_OR_TEXT:
        return value == "x"
    return name == "customData" and value == {"a": 1}


def wrong_properties():
    for name in sorted(GOOD.keys() - {"type"}):
        for value in WRONG:
            if not is_valid_value(name, value):
                yield {name: value}


HOSTILE = [
    {"type": "frame", "name": {"a": 1}},
    {"type": "martian"},
    {"link": 5},
    {"points": []},
    {"points": [[1]]},
    {"points": [[1, 2]] * 8 + [[1, "2"]]},
    {"points": [[1.5, 2.5]] * 8 + [[float("nan"), 1.0]]},
    {"points": [1, 2, 3, 4, 5]},
    {"pressures": [[1, 2]] * 5},
    {"boundElements": "x"},
    {"boundElements": [{"id": "a", "type": {"b": 1}}]},
    {"roundness": {"type": 3, "value": "x"}},
    {"groupIds": [1, 2]},
    {"scale": [1]},
    {"text": "x" * 300_000},
    {"link": "x" * 5000},
    {"x": 2**60},
]


@pytest.mark.parametrize("part", [*wrong_properties(), *HOSTILE], ids=lambda part: str(part)[:40])
def test_element_with_wrong_property_is_removed(part):
    assert not is_valid_element({**GOOD, **part})
    doc = Doc()
    doc.get("elements:1", type=Map).update({"good": GOOD, "bad": {**GOOD, **part}})
    seen = Doc()
    seen.apply_update(scan(doc.get_update()).update)
    assert set(seen.get("elements:1", type=Map).keys()) == {"good"}
    assert seen.get_state() == doc.get_state()


@pytest.mark.parametrize("points", [1, 3, 4, 5, 7, 64, 1000, 4097])
def test_valid_element_is_kept(points):
    stroke = {**GOOD, "points": [[n / 7, n] for n in range(points)], "pressures": [0.5] * points}
    doc = Doc()
    doc.get("elements:1", type=Map)["good"] = stroke
    found = scan(doc.get_update())
    assert (found.invalid_elements, found.update) == (0, doc.get_update())


def test_values_that_are_not_elements_are_kept():
    doc = Doc()
    doc.get("files", type=Map)["f"] = {"id": "f", "url": "/x", "mimeType": "image/png"}
    doc.get("anything", type=Map).update({"n": 1, "list": [1, "2", None], "deep": {"a": {"b": []}}})
    assert scan(doc.get_update()).invalid_elements == 0


def test_undrawable_change_keeps_previous_element():
    doc = Doc()
    elements = doc.get("elements:1", type=Map)
    elements["e"] = GOOD
    seen = Doc()
    seen.apply_update(doc.get_update())
    for bad in ({**GOOD, "link": 5}, {**GOOD, "name": []}):
        before = doc.get_state()
        elements["e"] = bad
        seen.apply_update(scan(doc.get_update(before)).update)
    assert seen.get("elements:1", type=Map)["e"]["link"] == GOOD["link"]
    assert seen.get_state() == doc.get_state()


def test_compaction_removes_undrawable_elements():
    doc = Doc()
    doc.get("elements:1", type=Map).update({"good": GOOD, "bad": {"type": "frame", "name": {}}})
    compacted = compact([doc.get_update()])
    seen = Doc()
    seen.apply_update(compacted.state)
    assert set(seen.get("elements:1", type=Map).keys()) == {"good"}
    assert compacted.reason


def test_undrawable_element_is_not_broadcast(live_room):
    tickets = [live_room.ticket(live_room.tutor), live_room.ticket(live_room.student)]

    async def scenario():
        async with live_room.board(tickets[0]) as a, live_room.board(tickets[1]) as b:
            a.map["good"] = GOOD
            await eventually(lambda: "good" in b.map)
            b.map["bad"] = {"type": "frame", "name": {"a": 1}}
            b.map["good"] = {**GOOD, "link": 5}
            b.map["after"] = GOOD
            await eventually(lambda: "after" in a.map)
            assert set(a.map.keys()) == {"good", "after"}
            assert a.map["good"]["link"] == GOOD["link"]
            async with live_room.board(tickets[0]) as late:
                assert set(late.map.keys()) == {"good", "after"}

    asyncio.run(scenario())
