"""Another time for a lesson: moved at once, or asked for."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.billing.models import CancellationPolicy
from apps.booking.models import MoveRequest
from apps.booking.moves import may_move, move_lesson
from apps.booking.requests import lapse_requests
from apps.common.errors import DomainError
from apps.lessons.models import Lesson, Participant
from tests.builders import HOUR, make_lesson, make_membership, make_series, make_user

from .test_availability_api import put
from .test_bookings_api import at, book

pytestmark = pytest.mark.django_db


@pytest.fixture
def policy(tutor):
    """Students may cancel until a day before."""
    return CancellationPolicy.objects.create(tutor=tutor, students_may_cancel=True)


@pytest.fixture
def move(api, tutor, student, classroom, policy):
    put(api, tutor)
    lesson = make_lesson(tutor, student, at(tutor, 16))

    def move_to(hour, day=3):
        now = timezone.now()
        return move_lesson(lesson=lesson, student=student, starts_at=at(tutor, hour, day), now=now)

    move_to.lesson = lesson
    return move_to


def test_lesson_moves_at_once_where_the_tutor_does_not_confirm(move, tutor):
    lesson = move(18)
    assert lesson.pk == move.lesson.pk
    lesson.refresh_from_db()
    assert (lesson.starts_at, lesson.status) == (at(tutor, 18), "scheduled")
    assert Lesson.objects.count() == 1


def test_new_time_may_overlap_the_old_one(api, move, tutor):
    put(api, tutor, buffer_minutes=30)
    assert move(17).starts_at == at(tutor, 17)


def test_request_holds_both_times_until_it_is_confirmed(api, move, tutor, student, classroom):
    put(api, tutor, requires_confirmation=True)
    classmate = make_user("student")
    make_membership(classroom, classmate)
    request = move(18)
    assert (request.status, move.lesson.starts_at) == ("requested", at(tutor, 16))
    for hour in (16, 18):
        assert book(api, classmate, tutor, at(tutor, hour)).json()["error"] == "lesson_conflict"
    assert api(tutor).post(f"/api/lessons/{request.pk}/confirm/").status_code == 200
    move.lesson.refresh_from_db()
    request.refresh_from_db()
    assert (move.lesson.starts_at, move.lesson.status) == (at(tutor, 18), "scheduled")
    assert request.status == "cancelled"
    assert not MoveRequest.objects.exists()
    assert book(api, classmate, tutor, at(tutor, 16)).status_code == 201


def test_declined_request_leaves_the_lesson_where_it_is(api, move, tutor):
    put(api, tutor, requires_confirmation=True)
    request = move(18)
    assert api(tutor).post(f"/api/lessons/{request.pk}/decline/").status_code == 200
    move.lesson.refresh_from_db()
    assert (move.lesson.starts_at, move.lesson.status) == (at(tutor, 16), "scheduled")
    assert not MoveRequest.objects.exists()


def test_second_request_replaces_the_first_one(api, move, tutor):
    put(api, tutor, requires_confirmation=True)
    first, second = move(18), move(19)
    first.refresh_from_db()
    assert (first.status, second.status) == ("cancelled", "requested")
    assert MoveRequest.objects.get().request == second


def test_late_move_is_a_request_though_the_tutor_does_not_confirm(move, tutor, student):
    for now, is_request in ((at(tutor, 15, 2), False), (at(tutor, 10), True)):
        moved = move_lesson(lesson=move.lesson, student=student, starts_at=at(tutor, 18), now=now)
        assert moved.is_requested is is_request
        move.lesson.refresh_from_db()
        Lesson.objects.filter(pk=move.lesson.pk).update(
            starts_at=at(tutor, 16), ends_at=at(tutor, 17)
        )


def test_students_of_a_tutor_without_a_policy_ask(api, tutor, student, classroom):
    put(api, tutor)
    lesson = make_lesson(tutor, student, at(tutor, 16))
    now = timezone.now()
    assert move_lesson(
        lesson=lesson, student=student, starts_at=at(tutor, 18), now=now
    ).is_requested


def test_request_ends_when_its_lesson_is_cancelled(api, move, tutor):
    put(api, tutor, requires_confirmation=True)
    request = move(18)
    Lesson.objects.filter(pk=move.lesson.pk).update(status="cancelled")
    answer = api(tutor).post(f"/api/lessons/{request.pk}/confirm/")
    assert (answer.status_code, answer.json()["error"]) == (409, "lesson_cancelled")
    lapse_requests(timezone.now())
    request.refresh_from_db()
    assert (request.status, MoveRequest.objects.exists()) == ("cancelled", False)


def test_taken_slot_names_the_next_ones(move, tutor, classroom):
    make_lesson(tutor, make_user("student"), at(tutor, 18))
    with pytest.raises(DomainError) as refused:
        move(18)
    assert refused.value.code == "lesson_conflict"
    assert refused.value.extra["next_slots"][0]["starts_at"] == at(tutor, 19)
    move.lesson.refresh_from_db()
    assert move.lesson.starts_at == at(tutor, 16)


def test_lesson_of_a_series_moves_by_itself(api, tutor, student, classroom, policy):
    put(api, tutor)
    start = tutor.to_local_time(at(tutor, 16)).replace(tzinfo=None)
    series = make_series(tutor, student, starts_at=start)
    first, second = series.lessons.order_by("starts_at")[:2]
    move_lesson(lesson=first, student=student, starts_at=at(tutor, 18), now=timezone.now())
    first.refresh_from_db()
    assert (first.starts_at, first.original_starts_at) == (at(tutor, 18), at(tutor, 16))
    assert tutor.to_local_time(second.starts_at).hour == 16


def test_only_the_only_student_of_a_coming_lesson_moves_it(tutor, student, stranger, classroom):
    now = timezone.now()
    coming = make_lesson(tutor, student, now + 30 * HOUR)
    assert may_move(coming, student, now)
    assert not may_move(coming, stranger, now)
    assert not may_move(coming, student, now + timedelta(days=2))
    Participant.objects.create(lesson=coming, student=stranger)
    assert not may_move(coming, student, now)
