"""Attendance intervals from joins and leaves, and the completion of past lessons."""

import asyncio
import threading
import uuid
from datetime import timedelta
from unittest.mock import AsyncMock, Mock

import pytest
from django.db import OperationalError
from django.utils import timezone

from apps.classroom import services
from apps.classroom.lessons import get_lessons
from apps.classroom.models import Attendance
from apps.classroom.policies import Person, Role
from apps.classroom.realtime.server import registry
from apps.classroom.tests.clients import eventually
from apps.lessons.models import Lesson
from apps.lessons.phases import find_phases

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


def test_abandoned_row_of_connected_peer_is_opened_again(add_interval):
    """Another process closed it while the database was unreachable for this one."""
    present, gone = add_interval(-60, seen=-20), add_interval(-60, seen=-20)
    Attendance.objects.close_abandoned(NOW)
    services.record_seen(peers=[present.peer], now=NOW)
    present.refresh_from_db()
    gone.refresh_from_db()
    assert (present.seen_at, present.left_at) == (NOW, None)
    assert gone.left_at == NOW - timedelta(minutes=20)


def test_row_of_peer_who_has_just_left_stays_closed(add_interval):
    """The list of connected peers may be older than the departure."""
    left = add_interval(-60, end=-0.1, seen=-0.1)
    services.record_seen(peers=[left.peer], now=NOW)
    left.refresh_from_db()
    assert left.left_at == NOW - timedelta(minutes=0.1)


def join(lesson, person, now, peer=None, joined_at=None):
    peer = peer or uuid.uuid4()
    services.record_join(
        session_id=lesson.session.pk,
        peer=peer,
        person=person,
        joined_at=joined_at or now,
        now=now,
    )
    return peer


TUTOR, STUDENT = Person("u1", "T", Role.TUTOR), Person("u2", "S", Role.STUDENT)


def test_reconnecting_person_keeps_one_row(lesson):
    """The connection is lost every minute for an hour."""
    for minute in range(60):
        joined_at = NOW + timedelta(minutes=minute)
        peer = join(lesson, TUTOR, joined_at)
        services.record_leave(peer=peer, now=joined_at + timedelta(seconds=31))
    row = Attendance.objects.get()
    assert (row.joined_at, row.left_at) == (NOW, NOW + timedelta(minutes=59, seconds=31))


@pytest.mark.parametrize(
    ("person", "away", "rows"), [(TUTOR, 29, 1), (TUTOR, 30, 2), (STUDENT, 1, 2)]
)
def test_row_is_reopened_for_the_same_person_who_returns_soon(lesson, person, away, rows):
    services.record_leave(peer=join(lesson, TUTOR, NOW), now=NOW)
    join(lesson, person, NOW + timedelta(seconds=away))
    assert Attendance.objects.count() == rows


def test_row_of_another_open_connection_is_not_taken_over(lesson):
    join(lesson, TUTOR, NOW)
    join(lesson, TUTOR, NOW + timedelta(seconds=1))
    assert Attendance.objects.filter(left_at=None).count() == 2


def test_arrival_recorded_late_does_not_reopen_a_row(lesson):
    """The row may have been closed as abandoned, and its connection still be open."""
    services.record_leave(peer=join(lesson, TUTOR, NOW), now=NOW)
    later = NOW + timedelta(minutes=5)
    join(lesson, TUTOR, later, joined_at=NOW + timedelta(seconds=10))
    assert Attendance.objects.count() == 2


def test_row_taken_over_meanwhile_is_not_reopened_again(lesson):
    services.record_leave(peer=join(lesson, TUTOR, NOW), now=NOW)
    first, second = (
        Attendance(session=lesson.session, person="u1", peer=uuid.uuid4(), joined_at=NOW)
        for _ in range(2)
    )
    assert Attendance.objects.reopen(first, NOW)
    assert not Attendance.objects.reopen(second, NOW)


def test_oldest_rows_of_one_person_are_deleted(lesson, monkeypatch):
    monkeypatch.setattr("apps.classroom.models.attendance.MAX_ROWS_PER_PERSON", 3)
    join(lesson, STUDENT, NOW)
    for hour in range(6):
        now = NOW + timedelta(hours=hour)
        services.record_leave(peer=join(lesson, TUTOR, now), now=now)
    joined = Attendance.objects.filter(person="u1").values_list("joined_at", flat=True)
    assert list(joined) == [NOW + timedelta(hours=hour) for hour in (3, 4, 5)]
    assert Attendance.objects.filter(person="u2").count() == 1


def test_attendance_is_made_of_the_newest_rows(add_interval, intervals, monkeypatch):
    monkeypatch.setattr("apps.classroom.queries.MAX_ATTENDANCE_ROWS", 2)
    for start in (-60, -50, -40):
        add_interval(start, start + 5)
    assert intervals() == [("T", -50, -45), ("T", -40, -35)]


def test_join_recorded_twice_makes_one_row(lesson):
    """The first time may have been stored although the database did not answer."""
    person, peer = Person("u1", "T", Role.TUTOR), uuid.uuid4()
    for minutes in (0, 5):
        join(lesson, person, NOW + timedelta(minutes=minutes), peer)
    row = Attendance.objects.get()
    assert (row.joined_at, row.left_at) == (NOW, None)


def test_departure_is_recorded_after_the_clock_was_set_back(lesson):
    services.record_leave(peer=join(lesson, TUTOR, NOW), now=NOW - timedelta(hours=1))
    row = Attendance.objects.get()
    assert (row.joined_at, row.left_at) == (NOW, NOW)


def test_row_joined_by_a_wrong_clock_does_not_keep_others_open(add_interval):
    ahead = add_interval(60, seen=-5)
    other = add_interval(-10, seen=-5)
    assert Attendance.objects.close_abandoned(NOW) == 2
    ahead.refresh_from_db()
    other.refresh_from_db()
    assert (ahead.left_at, other.left_at) == (ahead.joined_at, other.seen_at)


def make_fake_room(failure=None):
    room = Mock()
    room.record_pending_arrivals = AsyncMock(side_effect=failure)
    room.presence.local = {uuid.uuid4(): None}
    room.presence.expire_dead_processes.return_value = []
    room.board.consume_dirty.return_value = False
    return room


def run_presence_tasks(monkeypatch, rooms, record_seen, is_done):
    """Run the periodic tasks of a registry with these rooms until `is_done()`."""
    monkeypatch.setattr(registry, "PRESENCE_INTERVAL", 0.01)
    monkeypatch.setattr(registry, "ACCESS_CHECK_INTERVAL", 60.0)
    monkeypatch.setattr(registry, "MAINTENANCE_INTERVAL", 60.0)
    monkeypatch.setattr(services, "record_seen", record_seen)
    monkeypatch.setattr(registry.db, "run", asyncio.to_thread)

    async def scenario():
        running = registry.RoomRegistry(get_lessons())
        running.rooms = {uuid.uuid4(): room for room in rooms}
        try:
            await eventually(is_done)
        finally:
            running.rooms = {}
            await running.stop()

    asyncio.run(scenario())


def test_failing_room_does_not_keep_others_from_being_recorded(monkeypatch):
    failing, other = make_fake_room(OperationalError("refused")), make_fake_room()
    seen = []
    run_presence_tasks(
        monkeypatch,
        [failing, other],
        lambda peers, now: seen.append(peers),
        lambda: other.record_pending_arrivals.await_count > 1,
    )
    assert seen[0] == [*failing.presence.local, *other.presence.local]


def test_heartbeats_continue_while_database_hangs(monkeypatch):
    """Otherwise other processes would remove the people of this one."""
    room, answered = make_fake_room(), threading.Event()

    def has_published_often():
        if room.publish_presence.call_count <= 5:
            return False
        answered.set()  # the event loop ends only after its threads
        return True

    run_presence_tasks(
        monkeypatch, [room], lambda peers, now: answered.wait(20), has_published_often
    )


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


@pytest.mark.parametrize(
    ("visit", "others", "status"),
    [
        ((-200, -140), [], "scheduled"),  # the tutor only prepared the board
        ((-200, -140), [("student", -210, -205)], "scheduled"),  # both looked at it, apart
        ((-200, -140), [("student", -150, -130)], "completed"),  # they met earlier than planned
        ((-200, -140), [("guest", -150, -130)], "completed"),
        ((-200, -110), [], "completed"),  # the tutor came early and waited
        ((-40, -30), [], "scheduled"),  # the tutor looked at the board after it
        ((-40, -30), [("student", -35, -20)], "completed"),  # they met later than planned
    ],
)
def test_lesson_that_was_only_prepared_is_not_completed(
    lesson, add_interval, visit, others, status
):
    """The lesson was planned from two hours to one hour ago."""
    start = NOW - timedelta(minutes=120)
    Lesson.objects.update(starts_at=start, ends_at=start + timedelta(hours=1))
    add_interval(*visit)
    for role, joined, left in others:
        add_interval(joined, left, role=role)
    assert find_phases([Lesson.objects.get()], NOW)[lesson.pk] == {
        "scheduled": "not_held", "completed": "completed",
    }[status]  # fmt: skip
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
