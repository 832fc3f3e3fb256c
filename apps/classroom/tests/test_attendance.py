"""Attendance intervals from joins and leaves, and the completion of past lessons."""

import asyncio
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.classroom import services
from apps.classroom.lessons import get_lessons
from apps.classroom.models import Attendance
from apps.lessons.models import Lesson

NOW = timezone.now()


@pytest.fixture
def add_interval(lesson, tutor):
    def make(start, end=None, seen=None, person=None, role="tutor"):
        """Times are minutes from NOW; without an end the row is open, last seen at `seen`."""

        def at(minutes):
            return NOW + timedelta(minutes=minutes)

        return Attendance.objects.create(
            session=lesson.session,
            peer=uuid.uuid4(),
            person=person or f"u{tutor.pk}",
            name="T",
            role=role,
            joined_at=at(start),
            seen_at=at(start if seen is None else seen),
            left_at=None if end is None else at(end),
        )

    return make


@pytest.fixture
def intervals(api, lesson, tutor):
    def read():
        url = f"/api/classroom/sessions/{lesson.session.uuid}/attendance/"
        results = api(tutor).get(url).json()["results"]
        parse = timezone.datetime.fromisoformat

        def minutes(text):
            return text and round((parse(text) - NOW).total_seconds() / 60, 2)

        return [
            (s["person"]["name"], minutes(s["joined_at"]), minutes(s["left_at"])) for s in results
        ]

    return read


def test_joins_and_leaves_are_recorded(live_room, api):
    async def scenario(tutor_ticket, student_ticket):
        async with live_room.events(tutor_ticket) as tutor:
            await tutor.wait_for("welcome")  # so that the tutor is first
            async with live_room.events(student_ticket) as student:
                await student.wait_for("welcome")

    asyncio.run(scenario(live_room.ticket(live_room.tutor), live_room.ticket(live_room.student)))
    live_room.stop()
    url = f"/api/classroom/sessions/{live_room.uuid}/attendance/"
    results = api(live_room.student).get(url).json()["results"]
    assert [s["person"] for s in results] == [
        {"name": "Тарас Вчитель", "role": "tutor"},
        {"name": "Олена Коваль", "role": "student"},
    ]
    assert all(s["joined_at"] <= s["left_at"] for s in results)


def test_guest_in_lobby_has_no_attendance(live_room):
    _client, ticket = live_room.guest()

    async def scenario():
        async with live_room.events(ticket) as guest:
            await guest.wait_for("welcome")

    asyncio.run(scenario())
    assert not Attendance.objects.exists()


def test_overlapping_or_close_rowsare_merged(add_interval, intervals):
    add_interval(-60, -50)
    add_interval(-55, -40)
    add_interval(-39.8, -30)
    add_interval(-20, -10)
    assert intervals() == [("T", -60, -30), ("T", -20, -10)]


def test_rowsof_different_people_are_not_merged(add_interval, intervals):
    add_interval(-60, -50)
    add_interval(-55, -40, person="u999")
    assert intervals() == [("T", -60, -50), ("T", -55, -40)]


def test_present_person_has_no_end_time(add_interval, intervals):
    add_interval(-60, -50)
    add_interval(-50.1, seen=(timezone.now() - NOW) / timedelta(minutes=1))
    assert intervals() == [("T", -60, None)]


def test_interval_of_crashed_process_ends_when_last_seen(add_interval, intervals):
    add_interval(-60, seen=-20)
    assert intervals() == [("T", -60, -20)]
    Attendance.objects.close_abandoned(NOW)
    assert Attendance.objects.get().left_at == NOW - timedelta(minutes=20)
    assert intervals() == [("T", -60, -20)]


def test_present_connections_are_marked_as_seen(add_interval):
    present, gone = add_interval(-60, seen=-0.2), add_interval(-60, seen=-20)
    services.record_seen(peers=[present.peer], now=NOW)
    present.refresh_from_db()
    gone.refresh_from_db()
    assert (present.seen_at, present.left_at) == (NOW, None)
    assert gone.left_at == gone.seen_at


@pytest.mark.parametrize(
    ("ends", "rows", "status"),
    [
        (-5, [(-60, -10, None)], "completed"),
        (-5, [(-60, None, -10)], "completed"),  # the tutor's process died
        (-5, [(-60, None, 0)], "scheduled"),  # the tutor is still present
        (-5, [], "scheduled"),  # the tutor never came
        (5, [(-60, -10, None)], "scheduled"),  # the tutor may come back
    ],
)
def test_past_lesson_is_completed_once_its_tutor_has_left(lesson, add_interval, ends, rows, status):
    ends_at = NOW + timedelta(minutes=ends)
    Lesson.objects.update(starts_at=ends_at - timedelta(hours=1), ends_at=ends_at)
    for start, end, seen in rows:
        add_interval(start, end, seen)
    services.complete_past_lessons(lessons=get_lessons(), now=NOW)
    lesson.refresh_from_db()
    assert lesson.status == status


def test_past_lesson_without_its_tutor_is_not_completed(lesson, add_interval):
    add_interval(-60, -10, role="student")
    services.complete_past_lessons(lessons=get_lessons(), now=NOW)
    lesson.refresh_from_db()
    assert lesson.status == "scheduled"


def test_cancelled_lesson_is_not_completed(lesson, add_interval):
    Lesson.objects.update(status="cancelled")
    add_interval(-60, -10)
    services.complete_past_lessons(lessons=get_lessons(), now=NOW)
    get_lessons().complete(lesson.pk, ended_at=NOW)
    lesson.refresh_from_db()
    assert lesson.status == "cancelled"
