"""Days without lessons: kept by a tutor, suggested by school years, skipped by series."""

from datetime import UTC, date, datetime, timedelta

import pytest

from apps.lessons.models import Holiday, Lesson
from apps.lessons.series.holidays import suggest_school_holidays
from apps.lessons.series.horizon import extend_open_series
from tests.builders import make_series

pytestmark = pytest.mark.django_db
URL = "/api/me/holidays/"
WINTER = {"name": "Winter holidays", "first_date": "2026-12-26", "last_date": "2027-01-10"}


def test_tutor_adds_lists_and_deletes_holidays(api, tutor, other_tutor):
    client = api(tutor)
    made = client.post(URL, WINTER)
    assert (made.status_code, made.json()) == (201, {"id": made.json()["id"], **WINTER})
    assert client.post(URL, WINTER).json() == made.json()
    assert client.get(URL).json()["results"] == [made.json()]
    assert api(other_tutor).get(URL).json()["results"] == []
    assert client.delete(f"{URL}{made.json()['id']}/").status_code == 204
    assert client.get(URL).json()["results"] == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"last_date": "2026-12-25"}, "last_date"),
        ({"last_date": "2027-12-25"}, "last_date"),
        ({"first_date": "26.12.2026"}, "first_date"),
        ({"name": " "}, "name"),
    ],
)
def test_bad_field_is_named(api, tutor, changes, field):
    answer = api(tutor).post(URL, {**WINTER, **changes})
    assert (answer.status_code, [*answer.json()["fields"]]) == (400, [field])


def test_suggestions_say_which_dates_were_published(api, tutor):
    before = suggest_school_holidays(date(2025, 10, 1))
    assert (before[0].first_date, before[0].is_estimated) == (date(2025, 10, 27), False)
    winter = suggest_school_holidays(date(2026, 11, 28))[0]
    assert (winter.first_date, winter.last_date) == (date(2026, 12, 26), date(2027, 1, 10))
    assert winter.is_estimated
    assert len(api(tutor).get(URL).json()["suggestions"]) > 2


def test_new_series_skips_holidays_unless_a_date_is_chosen(api, tutor, student, classroom):
    api(tutor).post(URL, WINTER)
    sent = {
        "student_id": student.pk,
        "starts_at": "2026-12-21T17:00",
        "duration_minutes": 60,
        "rrule": "FREQ=WEEKLY;COUNT=4",
        "timezone": "Europe/Kyiv",
    }

    def days(**more):
        answer = api(tutor).post("/api/lesson-series/preview/", {**sent, **more}).json()
        return [each["starts_at"][:10] for each in answer["occurrences"]]

    assert days() == ["2026-12-21", "2027-01-11"]
    assert days(allow_dates=["2026-12-28"]) == ["2026-12-21", "2026-12-28", "2027-01-11"]


def test_series_without_end_skips_holidays_that_were_added_since(tutor, student, classroom):
    now = datetime.now(UTC)
    start = (now + timedelta(days=1)).replace(tzinfo=None, hour=12, minute=0, second=0)
    series = make_series(
        tutor, student, starts_at=start.replace(microsecond=0), rrule="FREQ=WEEKLY"
    )
    last = Lesson.objects.filter(series=series).in_order().last().starts_at.date()
    Holiday.objects.create(
        tutor=tutor, name="Rest", first_date=last, last_date=last + timedelta(days=9)
    )
    assert extend_open_series(now + timedelta(days=14)) == 1
