"""Loading the access state of rooms, in a number of queries that does not depend on theirs."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.classroom.access_state import find_room_accesses, load_room_access
from apps.classroom.lessons import StudentState, get_lessons
from apps.classroom.policies import Login, Person, Role, participant_role
from apps.lessons.services import cancel_lesson
from tests.builders import HOUR, NOON, make_lesson, make_user

pytestmark = pytest.mark.django_db
QUERIES = 7  # rooms, lessons, accounts, logins, bans, admissions, suspended guests


@pytest.fixture
def add_rooms(tutor, student):
    """Return a function that makes rooms, each with a participant and a guest of its own."""

    def make(count):
        lessons = [make_lesson(tutor, student, NOON + at * 24 * HOUR) for at in range(count)]
        people = [
            Person(f"u{make_user('student').pk}", "", Role.GUEST, login=Login(f"s{at}", "p"))
            for at in range(count)
        ]
        return [lesson.session for lesson in lessons], people

    return make


@pytest.mark.parametrize("count", [1, 20])
def test_access_of_open_rooms_has_a_constant_number_of_queries(
    add_rooms, django_assert_num_queries, count
):
    rooms, people = add_rooms(count)
    with django_assert_num_queries(QUERIES):
        loaded = load_room_access([room.pk for room in rooms], people, lessons=get_lessons())
    assert loaded.keys() == {room.pk for room in rooms}


@pytest.mark.parametrize("count", [1, 20])
def test_access_of_connecting_people_has_a_constant_number_of_queries(
    add_rooms, django_assert_num_queries, count
):
    rooms, people = add_rooms(count)
    queries = [(room.uuid, person) for room, person in zip(rooms, people, strict=True)]
    with django_assert_num_queries(QUERIES):
        loaded = find_room_accesses(queries, lessons=get_lessons())
    assert {query: access.session_id for query, access in loaded.items()} == {
        query: room.pk for query, room in zip(queries, rooms, strict=True)
    }


def test_state_of_a_lesson_follows_its_row(lesson, tutor, student):
    lessons = get_lessons()
    state = lessons.load([lesson.pk, 999_999])[lesson.pk]
    assert (state.tutor_id, list(state.students)) == (tutor.pk, [student.pk])
    assert (state.is_cancelled, state.is_completed) == (False, False)
    assert (state.students[student.pk], state.tutor_role_unchanged) == (StudentState(True), True)
    lesson.classroom.memberships.update(status="paused")
    type(tutor).objects.filter(pk=tutor.pk).update(role="student")
    cancel_lesson(lesson=lesson)
    state = lessons.load([lesson.pk])[lesson.pk]
    assert (state.is_cancelled, state.is_completed) == (True, False)
    assert (state.students[student.pk], state.tutor_role_unchanged) == (StudentState(False), False)


def test_revoking_returns_the_new_generation(lesson):
    lessons = get_lessons()
    assert [lessons.revoke_invites(lesson.pk) for _ in range(2)] == [1, 2]
    assert lessons.load([lesson.pk])[lesson.pk].invite_generation == 2


def test_overdue_lessons_are_those_still_scheduled_after_their_end(tutor, student):
    now = timezone.now()
    past, ended, _future = (
        make_lesson(tutor, student, now + hours * HOUR) for hours in (-5, -3, 3)
    )
    ended.complete()
    assert list(get_lessons().overdue(now)) == [past.pk]
    assert set(get_lessons().overdue(now - timedelta(hours=10))) == set()


def test_role_of_participants(lesson, tutor, student, other_tutor, stranger):
    people = (tutor, student, other_tutor, stranger)
    roles = [participant_role(person, lesson) for person in people]
    assert roles == [Role.TUTOR, Role.STUDENT, None, None]
