"""Fifty students want the same free time of one tutor."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from functools import partial

import pytest
from django.utils import timezone

from apps.booking.availability import AvailabilityPlan, replace_availability
from apps.booking.holds import hold_slot
from apps.booking.models import SlotHold
from apps.booking.services import BookingWish, book_lesson
from apps.common.errors import DomainError
from apps.lessons import overlap
from apps.lessons.models import Lesson
from tests.builders import make_classroom, make_user
from tests.races.simultaneous import run_simultaneously, without_constraints
from tests.races.test_process_races import Process

pytestmark = pytest.mark.django_db(transaction=True)
STUDENTS = 50


@pytest.fixture
def slot(tutor):
    day = (timezone.now() + timedelta(days=3)).date()
    weekly = {weekday: [(15 * 60, 18 * 60)] for weekday in range(7)}
    plan = AvailabilityPlan("UTC", weekly, settings={"minimum_notice_minutes": 0})
    replace_availability(tutor=tutor, plan=plan)
    return datetime.combine(day, time(16), UTC)


@pytest.fixture
def students(tutor):
    made = [make_user("student", timezone="UTC") for _ in range(STUDENTS)]
    make_classroom(tutor, *made)
    return made


@pytest.fixture(scope="module")
def processes(django_db_setup, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock():
        started = [Process(tmp_path_factory.mktemp("process")) for _ in range(2)]
    for each in started:
        each.read()
    yield started
    for each in started:
        each.process.stdin.close()
        each.process.wait(20)


def book_from(processes, tutor, students, slot, *, locks):
    """Half of the students by each process, in a thread each; the number of each outcome."""
    halves = students[::2], students[1::2]
    for process, half in zip(processes, halves, strict=True):
        ids = [student.pk for student in half]
        process.start(("book_slot", tutor.pk, ids, slot.isoformat()), locks=locks)
    return dict(sum((Counter(process.read()) for process in processes), Counter()))


@pytest.mark.postgres
@pytest.mark.xdist_group("booking_races")
@pytest.mark.parametrize("locks", [True, False])
def test_one_of_fifty_students_in_two_processes_books_the_slot(
    processes, tutor, students, slot, locks
):
    """Without the locks the database's constraint alone decides."""
    outcomes = book_from(processes, tutor, students, slot, locks=locks)
    assert outcomes == {"booked": 1, "lesson_conflict": STUDENTS - 1}
    assert Lesson.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.xdist_group("booking_races")
def test_control_without_lock_and_constraint_books_it_more_than_once(
    processes, tutor, students, slot
):
    with without_constraints(overlap.CONSTRAINT_NAMES["tutor"]):
        outcomes = book_from(processes, tutor, students, slot, locks=False)
        assert outcomes["booked"] > 1


def outcome_of(call):
    try:
        call()
    except DomainError as exc:
        return exc.code
    return "done"


def test_one_of_fifty_students_in_threads_books_the_slot(tutor, students, slot):
    now = timezone.now()
    calls = [
        partial(book_lesson, tutor=tutor, student=student, wish=BookingWish(slot, 60), now=now)
        for student in students
    ]
    outcomes = run_simultaneously(*(partial(outcome_of, call) for call in calls))
    assert Counter(outcomes) == {"done": 1, "lesson_conflict": STUDENTS - 1}
    assert Lesson.objects.count() == 1


def test_one_of_fifty_students_in_threads_holds_the_slot(tutor, students, slot):
    known = {"tutor": tutor, "starts_at": slot, "minutes": 60, "now": timezone.now()}
    calls = [partial(hold_slot, student=student, **known) for student in students]
    outcomes = run_simultaneously(*(partial(outcome_of, call) for call in calls))
    assert Counter(outcomes) == {"done": 1, "lesson_conflict": STUDENTS - 1}
    assert SlotHold.objects.count() == 1
