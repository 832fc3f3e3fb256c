from datetime import UTC, datetime

import pytest
from django.utils import timezone

from apps.lessons.models import LessonSeries
from apps.lessons.tests.changes.autumn import KYIV_FIRST, URL


@pytest.fixture(autouse=True)
def _in_2030(monkeypatch):
    """So that the clock change is ahead and within the limit of five years."""
    monkeypatch.setattr(timezone, "now", lambda: datetime(2030, 10, 1, tzinfo=UTC))


@pytest.fixture
def client(api, tutor):
    return api(tutor)


@pytest.fixture
def make(client, classroom, student):
    def post(**changes):
        sent = {
            "student_id": student.pk,
            "title": "Algebra",
            "starts_at": KYIV_FIRST,
            "duration_minutes": 60,
            "rrule": "FREQ=WEEKLY;COUNT=4",
            "timezone": "Europe/Kyiv",
            **changes,
        }
        answer = client.post(URL, sent)
        assert answer.status_code == 201, answer.content
        return LessonSeries.objects.get(pk=answer.json()["id"])

    return post


@pytest.fixture
def series(make):
    return make()
