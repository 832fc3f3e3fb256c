"""`/api/me/availability/` and `/api/tutors/{id}/slots`."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.booking.models import Availability, AvailabilityWindow
from apps.lessons.models import Holiday
from tests.builders import HOUR, make_lesson, make_membership, make_user

pytestmark = pytest.mark.django_db
URL = "/api/me/availability/"
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
PLAN = {
    "timezone": "Europe/Kyiv",
    "weekly": [{"weekday": day, "from": "15:00", "to": "20:00"} for day in WEEKDAYS],
    "exceptions": [],
    "lesson_minutes": [60],
    "buffer_minutes": 0,
    "minimum_notice_minutes": 0,
    "booking_window_days": 60,
    "requires_confirmation": False,
}
DAY = timedelta(days=1)


def put(api, tutor, **changes):
    return api(tutor).put(URL, {**PLAN, **changes}, format="json")


def slots(api, user, tutor, day, days=1, **query):
    asked = {"from": day.isoformat(), "to": (day + days * DAY).isoformat(), **query}
    return api(user).get(f"/api/tutors/{tutor.pk}/slots", asked)


def local_starts(answer, user):
    instants = [datetime.fromisoformat(each["starts_at"]) for each in answer.json()["results"]]
    return [f"{user.to_local_time(instant):%H:%M}" for instant in instants]


def in_days(number):
    return (timezone.now() + number * DAY).date()


def test_default_offers_nothing(api, tutor, student, classroom):
    assert api(tutor).get(URL).json() == {
        **PLAN,
        "weekly": [],
        "minimum_notice_minutes": 120,
        "booking_window_days": 30,
    }
    assert slots(api, student, tutor, in_days(2), 30).json() == {"results": []}


def test_put_replaces_the_whole(api, tutor):
    first = {
        **PLAN,
        "exceptions": [
            {"date": "2026-12-24", "closed": True},
            {"date": "2026-12-26", "windows": [{"from": "10:00", "to": "24:00"}]},
        ],
        "lesson_minutes": [60, 45],
        "requires_confirmation": True,
    }
    answer = api(tutor).put(URL, first, format="json")
    assert (answer.status_code, answer.json()) == (200, first)
    assert api(tutor).get(URL).json() == first
    answer = api(tutor).put(URL, {"weekly": None, "buffer_minutes": 5}, format="json")
    assert answer.json() == {
        **PLAN,
        "weekly": [],
        "buffer_minutes": 5,
        "minimum_notice_minutes": 120,
        "booking_window_days": 30,
    }
    assert not AvailabilityWindow.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"weekly": [{"weekday": "XX", "from": "15:00", "to": "20:00"}]}, "weekly"),
        ({"weekly": [{"weekday": "MO", "from": "20:00", "to": "15:00"}]}, "weekly"),
        ({"weekly": [{"weekday": "MO", "from": "15:00", "to": "25:00"}]}, "weekly"),
        ({"weekly": [{"weekday": "MO", "from": 15, "to": "20:00"}]}, "weekly"),
        ({"weekly": [*PLAN["weekly"], PLAN["weekly"][0]]}, "weekly"),
        ({"weekly": "MO"}, "weekly"),
        ({"weekly": [None]}, "weekly"),
        ({"exceptions": [None]}, "exceptions"),
        ({"exceptions": [{"date": "2026-12-24", "windows": [None]}]}, "exceptions"),
        ({"exceptions": [{"date": "2026-12-24"}]}, "exceptions"),
        ({"exceptions": [{"date": "2026-12-24", "closed": True}] * 2}, "exceptions"),
        ({"exceptions": [{"date": "24.12.2026", "closed": True}]}, "exceptions"),
        (
            {
                "exceptions": [
                    {
                        "date": "2026-12-24",
                        "closed": True,
                        "windows": [{"from": "10:00", "to": "11:00"}],
                    }
                ]
            },
            "exceptions",
        ),
        (
            {
                "exceptions": [
                    {
                        "date": f"2026-12-{day}",
                        "windows": [
                            {"from": f"{hour:02}:{minute:02}", "to": f"{hour:02}:{minute + 1:02}"}
                            for hour in range(20)
                            for minute in range(0, 10, 2)
                        ],
                    }
                    for day in range(10, 21)
                ]
            },
            "exceptions",
        ),
        ({"lesson_minutes": []}, "lesson_minutes"),
        ({"lesson_minutes": [4]}, "lesson_minutes"),
        ({"lesson_minutes": [60, 60]}, "lesson_minutes"),
        ({"buffer_minutes": -1}, "buffer_minutes"),
        ({"minimum_notice_minutes": "1"}, "minimum_notice_minutes"),
        ({"booking_window_days": 0}, "booking_window_days"),
        ({"requires_confirmation": "yes"}, "requires_confirmation"),
    ],
)
def test_bad_field_is_named_and_nothing_changes(api, tutor, changes, field):
    put(api, tutor)
    answer = put(api, tutor, **changes)
    assert (answer.status_code, answer.json()["error"]) == (400, "validation_error")
    assert {name.partition(".")[0] for name in answer.json()["fields"]} == {field}
    assert api(tutor).get(URL).json() == PLAN


def test_database_refuses_bad_windows(tutor):
    kept = Availability.objects.create(tutor=tutor)
    for columns in (
        {"weekday": 0, "starts_minute": 60, "ends_minute": 60},
        {"weekday": 0, "starts_minute": 60, "ends_minute": 1441},
        {"weekday": 7, "starts_minute": 60, "ends_minute": 120},
        {"weekday": 0},
        {"weekday": 0, "date": date(2026, 12, 24), "starts_minute": 60, "ends_minute": 90},
        {"starts_minute": 60, "ends_minute": 90},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            AvailabilityWindow.objects.create(availability=kept, **columns)
    closed = {"availability": kept, "date": date(2026, 12, 24)}
    AvailabilityWindow.objects.create(**closed)
    with pytest.raises(IntegrityError), transaction.atomic():
        AvailabilityWindow.objects.create(**closed)


def test_student_and_tutor_see_slots_of_each_day(api, tutor, student, classroom):
    put(api, tutor)
    for user in (tutor, student):
        answer = slots(api, user, tutor, in_days(2), 2)
        assert answer.status_code == 200
        assert local_starts(answer, tutor) == [f"{hour}:00" for hour in range(15, 20)] * 2
        [first, *_rest] = answer.json()["results"]
        assert set(first) == {"starts_at", "ends_at"}
    with_slash = api(student).get(
        f"/api/tutors/{tutor.pk}/slots/", {"from": str(in_days(2)), "to": str(in_days(4))}
    )
    assert with_slash.json() == answer.json()


@pytest.mark.parametrize("status", ["paused", "removed", "invited"])
def test_who_is_not_active_is_refused(api, tutor, classroom, status):
    other = make_user("student")
    make_membership(classroom, other, status)
    assert slots(api, other, tutor, in_days(2)).status_code == 403


def test_unknown_tutor_is_not_found(api, student, stranger):
    assert slots(api, student, stranger, in_days(2)).json()["error"] == "not_found"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"to": "2030-01-01"}, "to"),
        ({"from": "x"}, "from"),
        ({"minutes": "x"}, "minutes"),
        ({"minutes": "0"}, "minutes"),
    ],
)
def test_bad_query_is_refused(api, tutor, query, field):
    answer = slots(api, tutor, tutor, in_days(2), **query)
    assert (answer.status_code, [*answer.json()["fields"]]) == (400, [field])
    assert slots(api, tutor, tutor, in_days(2), days=62).status_code == 200
    assert slots(api, tutor, tutor, in_days(2), days=63).status_code == 400


def test_length_that_is_not_offered_has_no_slots(api, tutor):
    put(api, tutor, lesson_minutes=[90, 30])
    assert len(slots(api, tutor, tutor, in_days(2)).json()["results"]) == 3
    assert len(slots(api, tutor, tutor, in_days(2), minutes=30).json()["results"]) == 10
    assert slots(api, tutor, tutor, in_days(2), minutes=60).json() == {"results": []}


def test_lessons_of_tutor_with_breaks_and_of_student_are_left_out(
    api, tutor, student, other_tutor, classroom
):
    day = in_days(3)
    put(api, tutor, buffer_minutes=10)
    start = datetime.combine(day, datetime.min.time(), tutor.zone).astimezone(UTC)
    make_lesson(tutor, make_user("student"), start + 15 * HOUR)
    make_lesson(other_tutor, student, start + 18 * HOUR)
    make_lesson(tutor, make_user("student"), start + 19 * HOUR, status="cancelled")
    assert local_starts(slots(api, tutor, tutor, day), tutor) == [
        *("16:10", "17:00", "18:00", "19:00")
    ]
    assert local_starts(slots(api, student, tutor, day), tutor) == ["16:10", "17:00", "19:00"]


def test_holidays_are_left_out(api, tutor):
    put(api, tutor)
    Holiday.objects.create(tutor=tutor, name="Rest", first_date=in_days(2), last_date=in_days(3))
    assert slots(api, tutor, tutor, in_days(2), 2).json() == {"results": []}
    assert slots(api, tutor, tutor, in_days(4)).json()["results"]


def test_slots_take_as_many_queries_for_a_month_as_for_a_day(
    api, tutor, student, classroom, django_assert_num_queries
):
    put(api, tutor)
    client = api(student)
    client.get(f"/api/tutors/{tutor.pk}/slots", {"from": str(in_days(2)), "to": str(in_days(3))})
    for days in (1, 30):
        asked = {"from": str(in_days(2)), "to": str(in_days(2 + days))}
        with django_assert_num_queries(9):
            client.get(f"/api/tutors/{tutor.pk}/slots", asked)
