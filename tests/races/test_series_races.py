"""Simultaneous requests that make, change and extend series."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from apps.accounts.models import User
from apps.lessons import overlap
from apps.lessons.models import Lesson, LessonSeries
from apps.lessons.series import scoped, services
from apps.lessons.series.horizon import extend_open_series
from tests.builders import HOUR, make_classroom, make_series, make_user
from tests.races.simultaneous import repeat_until, run_simultaneously, statuses, without_constraints

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

FIRST = datetime(2026, 10, 19, 14, tzinfo=UTC)
WEEK = timedelta(days=7)


def make(client, student, minute=0, **headers):
    sent = {
        "student_id": student.pk,
        "starts_at": f"2026-10-19T17:{minute:02}",
        "duration_minutes": 60,
        "rrule": "FREQ=WEEKLY;COUNT=6",
        "timezone": "Europe/Kyiv",
    }
    return client.post("/api/lesson-series/", sent, **headers)


def schedule(client, student, start):
    times = {"starts_at": start.isoformat(), "ends_at": (start + HOUR).isoformat()}
    return client.post("/api/lessons/", {"student_id": student.pk, **times})


def delete_all():
    Lesson.objects.all().delete()
    LessonSeries.objects.all().delete()


@pytest.fixture(autouse=True)
def in_other_processes(settings):
    """In one process a tutor's requests would run one after another (apps/common/turns.py)."""
    settings.THROTTLING = False


@pytest.fixture
def no_lock(monkeypatch):
    """Make series without locking the people, so that the check before the inserts can race."""
    for module in (services, scoped):
        monkeypatch.setattr(module, "lock_people", lambda ids: User.objects.in_bulk(set(ids)))


def clients_of(api, tutor, count):
    clients = [api(tutor) for _ in range(count)]
    for each in clients:
        each.raise_request_exception = False
    return clients


def test_simultaneous_series_of_a_tutor_create_one(api, tutor):
    students = [make_user("student") for _ in range(4)]
    make_classroom(tutor, *students)
    for _ in range(4):
        delete_all()
        calls = [
            partial(make, client, student, 10 * number)
            for number, (client, student) in enumerate(
                zip(clients_of(api, tutor, 4), students, strict=True)
            )
        ]
        assert statuses(run_simultaneously(*calls)) == {201: 1, 409: 3}
        assert (Lesson.objects.count(), LessonSeries.objects.count()) == (6, 1)


def test_simultaneous_series_of_a_student_create_one(api, student):
    tutors = [make_user("tutor") for _ in range(3)]
    for each in tutors:
        make_classroom(each, student)
    for _ in range(4):
        delete_all()
        calls = [partial(make, api(each), student, 5 * n) for n, each in enumerate(tutors)]
        assert statuses(run_simultaneously(*calls)) == {201: 1, 409: 2}
        assert Lesson.objects.count() == 6


def test_simultaneous_requests_with_one_key_create_one_series(api, tutor, student, classroom):
    for _ in range(4):
        delete_all()
        clients = clients_of(api, tutor, 3)
        calls = (partial(make, each, student, HTTP_IDEMPOTENCY_KEY="key") for each in clients)
        answers = run_simultaneously(*calls)
        assert statuses(answers) == {201: 3}
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert sum("Change-Id" in answer.headers for answer in answers) == 1
        assert Lesson.objects.count() == 6


def test_series_and_single_lesson_in_one_slot_have_one_winner(api, tutor, student, classroom):
    first, second = clients_of(api, tutor, 2)
    for _ in range(6):
        delete_all()
        made, scheduled = run_simultaneously(
            partial(make, first, student),
            partial(schedule, second, student, FIRST + 3 * WEEK + HOUR),
        )
        assert (made.status_code, scheduled.status_code) in {(201, 409), (409, 201)}
        assert Lesson.objects.count() in (1, 6)


def test_constraint_without_lock_creates_at_most_one_series(api, tutor, no_lock):
    students = [make_user("student") for _ in range(2)]
    make_classroom(tutor, *students)
    for _ in range(4):
        delete_all()
        pairs = zip(clients_of(api, tutor, 2), students, strict=True)
        run_simultaneously(*(partial(make, c, s, 10 * n) for n, (c, s) in enumerate(pairs)))
        assert Lesson.objects.count() in (0, 6)


def test_control_without_lock_and_constraint_creates_overlapping_series(api, tutor, no_lock):
    students = [make_user("student") for _ in range(3)]
    make_classroom(tutor, *students)

    def attempt():
        delete_all()
        pairs = zip(clients_of(api, tutor, 3), students, strict=True)
        run_simultaneously(*(partial(make, c, s, 10 * n) for n, (c, s) in enumerate(pairs)))
        return LessonSeries.objects.count() > 1

    with without_constraints(overlap.CONSTRAINT_NAMES["tutor"]):
        repeat_until(attempt)
        delete_all()


def test_simultaneous_moves_of_a_series_have_consistent_results(api, tutor, student, classroom):
    for _ in range(4):
        delete_all()
        series = make_series(
            tutor,
            student,
            starts_at=datetime.now(UTC).replace(tzinfo=None) + timedelta(days=2),
            timezone="UTC",
        )
        lesson = Lesson.objects.filter(series=series).in_order().first()
        calls = []
        for client, hours in zip(clients_of(api, tutor, 2), (2, 5), strict=True):
            times = {"starts_at": lesson.starts_at + hours * HOUR}
            times["ends_at"] = times["starts_at"] + HOUR
            sent = {name: value.isoformat() for name, value in times.items()}
            url = f"/api/lessons/{lesson.pk}/"
            calls.append(partial(client.patch, url, {**sent, "scope": "all"}))
        assert statuses(run_simultaneously(*calls)) == {200: 2}
        series.refresh_from_db()
        starts = list(Lesson.objects.in_order().values_list("starts_at", flat=True))
        assert starts == series.recurrence.occurrences()


def test_series_starts_again_once_while_a_student_joins_it(api, tutor, student, classroom):
    """Two restarts and a student who joins all lessons: one restart wins, and nothing fails."""
    friend = make_user("student")
    make_classroom(tutor, friend)
    start = datetime.now(UTC).replace(tzinfo=None, microsecond=0) + timedelta(days=2)
    for _ in range(4):
        delete_all()
        series = make_series(tutor, student, starts_at=start, timezone="UTC")
        lesson = Lesson.objects.filter(series=series).in_order().first()
        sent = {
            "from_date": f"{start:%Y-%m-%d}",
            "student_id": student.pk,
            "starts_at": f"{start + HOUR:%Y-%m-%dT%H:%M:%S}",
            "duration_minutes": 60,
            "rrule": "FREQ=WEEKLY;COUNT=3",
            "timezone": "UTC",
        }
        one, two, three = clients_of(api, tutor, 3)
        restart = f"/api/lesson-series/{series.pk}/restart/"
        join = partial(one.post, f"/api/lessons/{lesson.pk}/students/")
        found = run_simultaneously(
            partial(join, {"student_id": friend.pk, "scope": "all"}),
            partial(two.post, restart, sent),
            partial(three.post, restart, sent),
        )
        codes = sorted(answer.status_code for answer in found[1:])
        assert codes[0] == 201
        assert codes[1] in (400, 409)
        assert found[0].status_code in (200, 409)
        assert Lesson.objects.not_cancelled().count() == 3


def test_two_workers_extend_a_series_once(tutor, student, classroom):
    now = datetime.now(UTC)
    start = (now + timedelta(days=1)).replace(tzinfo=None, minute=0, second=0, microsecond=0)
    series = make_series(tutor, student, starts_at=start, rrule="FREQ=WEEKLY")
    before = Lesson.objects.count()
    made = run_simultaneously(*(partial(extend_open_series, now + 2 * WEEK) for _ in range(2)))
    assert sorted(made) == [0, 2]
    assert Lesson.objects.count() == before + 2
    series.refresh_from_db()
    assert series.skipped == []
