"""The board's history, restoring a version, and the tutor's notes."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from django.db import connection
from pycrdt import Doc, Map

from apps.classroom import blobs, board_log, compaction, history
from apps.classroom.models import BoardSnapshot, BoardVersion
from apps.classroom.tests.clients import eventually
from tests.builders import HOUR, NOON, make_lesson


def make_version(live_room, **elements):
    doc = Doc()
    doc.get("elements:1", type=Map).update(elements)
    return BoardVersion.objects.create(session=live_room.session, state=doc.get_update())


@pytest.mark.parametrize("data", [b"", b"\xff" * 20, blobs.MARK + b"\x02no zlib"])
def test_unreadable_version_is_refused_and_board_unchanged(live_room, data):
    doc = Doc()
    doc.get("elements:1", type=Map)["kept"] = {"version": 1}
    board_log.append({live_room.session.pk: [doc.get_update()]})
    version = BoardVersion.objects.create(session=live_room.session, state=b"", packed=data)
    url = f"/api/classroom/sessions/{live_room.uuid}/history/{version.pk}/"
    tutor = live_room.api(live_room.tutor)
    assert tutor.get(url).json()["error"] == "not_found"
    assert tutor.post(f"{url}restore/").json()["error"] == "not_found"
    board = board_log.load_document(live_room.session.pk).get("elements:1", type=Map).to_py()
    assert board == {"kept": {"version": 1}}


def test_restored_version_arrives_as_an_update(live_room):
    old = make_version(live_room, kept={"version": 3, "x": 1}, back={"version": 1})
    url = f"/api/classroom/sessions/{live_room.uuid}/history/"
    ticket = live_room.ticket(live_room.student)

    def restore():
        try:
            return live_room.api(live_room.tutor).post(f"{url}{old.pk}/restore/").status_code
        finally:
            connection.close()

    def is_stored():
        try:
            doc = board_log.load_document(live_room.session.pk)
            return len(doc.get("elements:1", type=Map)) == 2
        finally:
            connection.close()

    deadline = time.monotonic() + 10

    async def scenario():
        async with live_room.board(ticket) as a:
            a.map["kept"] = {"version": 9, "x": 2}
            a.map["new"] = {"version": 4}
            await a.drain()
            while not await asyncio.to_thread(is_stored):
                assert time.monotonic() < deadline
            assert await asyncio.to_thread(restore) == 204
            await eventually(lambda: "back" in a.map)
            return a.map.to_py()

    now = asyncio.run(scenario())
    assert (now["kept"]["x"], now["kept"]["version"]) == (1, 10)
    assert (now["new"]["isDeleted"], now["new"]["version"]) == (True, 5)
    versions = live_room.api(live_room.student).get(url).json()["results"]
    assert len(versions) >= 2  # the replaced state is a version too
    state = live_room.api(live_room.student).get(f"{url}{old.pk}/")
    assert state["Content-Type"] == "application/octet-stream"
    doc = Doc()
    doc.apply_update(state.content)
    assert set(doc.get("elements:1", type=Map).to_py()) == {"kept", "back"}


def test_slow_versions_leave_page_threads_to_other_requests(live_room, monkeypatch):
    version = make_version(live_room, kept={"version": 1})
    path = f"/api/classroom/sessions/{live_room.uuid}/history/"
    api = live_room.api(live_room.tutor)
    cookies = {name: cookie.value for name, cookie in api.cookies.items()}
    released = threading.Event()

    def block(updates):
        assert released.wait(20)
        return updates[0]

    monkeypatch.setattr(compaction, "merge_in_subprocess", block)
    with (
        httpx.Client(base_url=live_room.server, cookies=cookies, timeout=20) as client,
        ThreadPoolExecutor(4) as pool,
    ):
        try:
            slow = [pool.submit(client.get, f"{path}{version.pk}/") for _ in range(4)]
            while sum(answer.done() for answer in slow) < 2:  # without a limit, none is
                assert client.get(path, timeout=5).status_code == 200
        finally:
            released.set()
        answers = [answer.result() for answer in slow]
    assert sorted(answer.status_code for answer in answers) == [200, 200, 503, 503]
    busy = [answer for answer in answers if answer.status_code == 503]
    assert [answer.json()["error"] for answer in busy] == ["service_unavailable"] * 2
    assert all(answer.headers["Retry-After"] for answer in busy)


def test_restoring_waits_its_turn_too(live_room, monkeypatch):
    version = make_version(live_room, kept={"version": 1})
    url = f"/api/classroom/sessions/{live_room.uuid}/history/{version.pk}/restore/"
    monkeypatch.setattr(history, "MAX_WAIT", 0.01)
    monkeypatch.setattr(history, "_slots", threading.BoundedSemaphore(1))
    api = live_room.api(live_room.tutor)
    with history._slots:
        assert api.post(url).json()["error"] == "service_unavailable"
    assert api.post(url).status_code == 204


def test_notes_are_readable_by_tutor_only(api, lesson, tutor, student):
    url = f"/api/classroom/sessions/{lesson.session.uuid}/notes/"
    assert api(tutor).get(url).json() == {"text": ""}
    assert api(tutor).put(url, {"text": " повторити дроби\n"}).status_code == 200
    assert api(tutor).get(url).json() == {"text": " повторити дроби\n"}
    assert api(student).get(url).status_code == 403


def test_stale_notes_update_is_refused(api, lesson, tutor):
    client, url = api(tutor), f"/api/classroom/sessions/{lesson.session.uuid}/notes/"
    seen = client.get(url)["ETag"]
    first = client.put(url, {"text": "Theirs"}, headers={"If-Match": seen})
    assert (first.status_code, first["ETag"]) == (200, client.get(url)["ETag"])
    response = client.put(url, {"text": "Mine"}, headers={"If-Match": seen})
    assert (response.status_code, response.json()["error"]) == (412, "precondition_failed")
    assert client.get(url).json() == {"text": "Theirs"}
    assert client.put(url, {"text": "Both"}, headers={"If-Match": first["ETag"]}).status_code == 200
    assert client.put(url, {"text": "As ever"}).status_code == 200


def test_version_is_not_restored_over_the_quota(live_room, settings):
    other_lesson = make_lesson(live_room.tutor, live_room.student, NOON + 500 * HOUR)
    settings.STORAGE_QUOTA_MB = 1
    BoardSnapshot.objects.create(session=other_lesson.session, state=bytes(1024 * 1024))
    old = make_version(live_room, back={"version": 1})
    url = f"/api/classroom/sessions/{live_room.uuid}/history/{old.pk}/restore/"
    answer = live_room.api(live_room.tutor).post(url)
    assert (answer.status_code, answer.json()["error"]) == (507, "storage_full")
    assert board_log.load_document(live_room.session.pk).get("elements:1", type=Map).to_py() == {}
    settings.STORAGE_QUOTA_MB = 2
    assert live_room.api(live_room.tutor).post(url).status_code == 204
