"""A tutor's slow requests wait for one another."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from apps.common.turns import turn
from apps.lessons.models import Lesson
from apps.lessons.tests.test_series_api import URL, body

pytestmark = pytest.mark.django_db


def test_slow_requests_of_one_tutor_take_turns(api, tutor, classroom, student, monkeypatch):
    monkeypatch.setattr("apps.common.turns.MAX_WAIT", 0.05)
    made = api(tutor).post(URL, body(student)).json()
    lesson = Lesson.objects.filter(series=made["id"]).first()
    again = {**body(student), "from_date": "2026-10-26"}
    held, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with turn(tutor.pk):
            held.set()
            leave.wait(20)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(hold)
        assert held.wait(20)
        refused = [
            api(tutor).post(f"{URL}preview/", body(student)),
            api(tutor).post(URL, body(student)),
            api(tutor).post(f"{URL}{made['id']}/restart/", again),
            api(tutor).patch(f"/api/lessons/{lesson.pk}/", {"scope": "all", "title": "New"}),
            api(tutor).post(f"/api/lessons/{lesson.pk}/cancel/", {"scope": "following"}),
        ]
        leave.set()
    assert [each.json().get("error") for each in refused] == ["throttled"] * 5
    assert api(tutor).post(f"{URL}preview/", body(student)).status_code == 200
