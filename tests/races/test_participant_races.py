"""Simultaneous requests about the students of lessons."""

from functools import partial

import pytest

from apps.accounts.models import User
from apps.lessons import participant_triggers, participants, services
from apps.lessons.models import Lesson, Participant
from tests.builders import HOUR, NOON, make_classroom, make_lesson, make_membership, make_user
from tests.races.simultaneous import repeat_until, run_simultaneously, statuses, without_constraints

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
URL = "/api/lessons/"


def post(client, students, start=NOON):
    times = {"starts_at": start.isoformat(), "ends_at": (start + HOUR).isoformat()}
    return client.post(URL, {"student_ids": [one.pk for one in students], **times})


def add(client, lesson, student):
    return client.post(f"{URL}{lesson.pk}/students/", {"student_id": student.pk})


def move(client, lesson, start):
    times = {"starts_at": start.isoformat(), "ends_at": (start + HOUR).isoformat()}
    return client.patch(f"{URL}{lesson.pk}/", times)


@pytest.fixture
def no_lock(monkeypatch):
    for module in (services, participants):
        monkeypatch.setattr(module, "lock_people", User.objects.in_bulk)


@pytest.fixture
def tutors(student):
    """Two tutors of the shared student, each with another student of their own."""
    tutors = [make_user("tutor") for _ in range(2)]
    for one in tutors:
        make_classroom(one, student)
    return tutors


def own_student(tutor):
    other = make_user("student")
    make_membership(tutor.classrooms.get(), other)
    return other


def overlapping_participations(student):
    taken = Participant.objects.filter(student=student, occupies=True)
    return taken.filter(starts_at__lt=NOON + HOUR, occupied_until__gt=NOON).count()


def schedule_two_groups(api, tutors, student):
    groups = [[student, own_student(one)] for one in tutors]
    return run_simultaneously(
        *(partial(post, api(one), group) for one, group in zip(tutors, groups, strict=True))
    )


def test_two_groups_with_one_student_have_one_winner(api, tutors, student):
    for _ in range(8):
        Lesson.objects.all().delete()
        assert statuses(schedule_two_groups(api, tutors, student)) == {201: 1, 409: 1}
        assert overlapping_participations(student) == 1


def test_control_without_lock_and_constraint_makes_two_groups(api, tutors, student, no_lock):
    def attempt():
        Lesson.objects.all().delete()
        schedule_two_groups(api, tutors, student)
        return overlapping_participations(student) > 1

    with without_constraints(participant_triggers.OVERLAP, table="lessons_participant"):
        repeat_until(attempt)


def test_adding_a_student_and_scheduling_one_have_one_winner(api, tutors, student):
    for _ in range(8):
        Lesson.objects.all().delete()
        lesson = make_lesson(tutors[0], own_student(tutors[0]))
        added, made = run_simultaneously(
            partial(add, api(tutors[0]), lesson, student),
            partial(post, api(tutors[1]), [student]),
        )
        assert (added.status_code, made.status_code) in {(200, 409), (409, 201)}
        assert overlapping_participations(student) == 1


@pytest.mark.parametrize("fixture", [None, "no_lock"])
def test_moving_a_lesson_and_adding_a_student_keep_the_student_free(
    request, api, tutors, student, fixture
):
    """The student is busy at the new time, so that only one of the two can be done; without the
    locks of the services, those of the database decide it."""
    if fixture:
        request.getfixturevalue(fixture)
    make_lesson(tutors[1], student)
    for _ in range(8):
        lesson = make_lesson(tutors[0], own_student(tutors[0]), NOON + 9 * HOUR)
        clients = [api(tutors[0]) for _ in range(2)]
        for client in clients:
            client.raise_request_exception = False
        moved, added = run_simultaneously(
            partial(move, clients[0], lesson, NOON), partial(add, clients[1], lesson, student)
        )
        allowed = {(200, 409), (409, 200)}
        assert fixture or (moved.status_code, added.status_code) in allowed
        assert overlapping_participations(student) == 1
        participant = lesson.participants.filter(student=student).first()
        lesson.refresh_from_db()
        assert participant is None or participant.starts_at == lesson.starts_at
        lesson.session.delete()
        lesson.delete()


def test_simultaneous_additions_stop_at_thirty_students(api, tutors):
    lesson = make_lesson(tutors[0], own_student(tutors[0]))
    Participant.objects.bulk_create(
        Participant(lesson=lesson, student=make_user("student")) for _ in range(27)
    )
    others = [own_student(tutors[0]) for _ in range(4)]
    answers = run_simultaneously(*(partial(add, api(tutors[0]), lesson, one) for one in others))
    assert statuses(answers) == {200: 2, 400: 2}
    assert lesson.participants.count() == 30


def test_the_last_two_students_are_not_both_removed(api, tutors):
    for _ in range(8):
        lesson = make_lesson(tutors[0], own_student(tutors[0]), NOON + 9 * HOUR)
        Participant.objects.create(lesson=lesson, student=own_student(tutors[0]))
        paths = [f"{URL}{lesson.pk}/students/{one}/" for one in lesson.list_student_ids()]
        answers = run_simultaneously(*(partial(api(tutors[0]).delete, path) for path in paths))
        assert statuses(answers) == {200: 1, 400: 1}
        lesson.refresh_from_db()
        assert lesson.list_student_ids() == [lesson.student_id]
        lesson.session.delete()
        lesson.delete()
