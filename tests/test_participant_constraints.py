"""The database's rules of participants, without the checks in Python; the writes of 0.32."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import ProtectedError

from apps.accounts.placeholders import make_student_link
from apps.lessons.models import Lesson, Participant
from apps.lessons.placeholders import accept_student_link
from tests.builders import HOUR, NOON, make_classroom, make_lesson, make_placeholder, make_user
from tests.test_constraints import SHIFTS, is_refused

pytestmark = pytest.mark.django_db


def add(lesson, student, **fields):
    """By bulk_create, which skips save() and the services."""
    return Participant.objects.bulk_create(
        [Participant(lesson_id=lesson.pk, student_id=student.pk, **fields)]
    )[0]


def copies(participant):
    participant.refresh_from_db()
    return participant.starts_at, participant.occupied_until, participant.occupies


@pytest.fixture
def other(other_tutor, stranger):
    """A lesson of other people, at another time."""
    return make_lesson(other_tutor, stranger, NOON + 5 * HOUR)


@pytest.fixture
def simultaneous(other_tutor, stranger, lesson):
    return make_lesson(other_tutor, stranger)


def test_new_lesson_has_its_student_as_participant(lesson, student):
    assert list(lesson.participants.values_list("student", "status")) == [(student.pk, "booked")]
    assert copies(lesson.participants.get()) == (NOON, NOON + HOUR, True)


@pytest.mark.parametrize("shift", SHIFTS)
def test_participant_with_another_lesson_then_is_refused(lesson, other_tutor, student, shift):
    other = make_lesson(other_tutor, make_user("student"), NOON + shift)
    assert is_refused(add, other, student)
    assert not is_refused(add, other, student, status="cancelled")
    assert is_refused(other.participants.filter(student=student).update, status="booked")


@pytest.mark.parametrize("shift", [HOUR, -HOUR])
def test_participant_of_adjacent_lessons_is_accepted(lesson, other_tutor, student, shift):
    other = make_lesson(other_tutor, make_user("student"), NOON + shift)
    assert not is_refused(add, other, student)


@pytest.mark.parametrize(
    "change",
    [
        {"starts_at": NOON + HOUR / 2, "ends_at": NOON + 2 * HOUR},
        {"starts_at": NOON + 59 * HOUR / 60},
        {"starts_at": NOON - HOUR, "ends_at": NOON + HOUR / 60},
    ],
)
def test_move_onto_a_lesson_of_a_second_participant_is_refused(lesson, other, student, change):
    add(other, student)
    assert is_refused(Lesson.objects.filter(pk=other.pk).update, **change)
    other.participants.filter(student=student).update(status="late_cancelled")
    change.setdefault("ends_at", NOON + 6 * HOUR)
    assert not is_refused(Lesson.objects.filter(pk=other.pk).update, **change)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"status": "cancelled"}, {"status": "scheduled"}),
        ({"allow_overlap": True}, {"allow_overlap": False}),
    ],
)
def test_lesson_that_becomes_active_again_is_refused(simultaneous, student, before, after):
    row = Lesson.objects.filter(pk=simultaneous.pk)
    row.update(**before)
    participant = add(simultaneous, student)
    assert copies(participant) == (NOON, NOON + HOUR, False)
    assert is_refused(row.update, **after)


def test_participant_follows_the_time_and_the_end_of_the_lesson(other, student):
    participant = add(other, student)
    row = Lesson.objects.filter(pk=other.pk)
    assert copies(participant) == (NOON + 5 * HOUR, NOON + 6 * HOUR, True)
    row.update(starts_at=NOON + 7 * HOUR, ends_at=NOON + 9 * HOUR)
    assert copies(participant) == (NOON + 7 * HOUR, NOON + 9 * HOUR, True)
    row.update(status="completed", ended_at=NOON + 8 * HOUR)
    assert copies(participant) == (NOON + 7 * HOUR, NOON + 8 * HOUR, True)
    row.update(ended_at=NOON)
    assert copies(participant) == (NOON + 7 * HOUR, NOON + 7 * HOUR, True)
    row.update(status="cancelled", ended_at=None)
    assert copies(participant) == (NOON + 7 * HOUR, NOON + 9 * HOUR, False)


def test_time_after_an_ended_lesson_is_free(lesson, other_tutor, student):
    add(lesson, make_user("student"))
    Lesson.objects.update(status="completed", ended_at=NOON + HOUR / 2)
    other = make_lesson(other_tutor, make_user("student"), NOON + HOUR / 2)
    assert not is_refused(add, other, student)


def test_student_is_in_a_lesson_once(lesson, student):
    assert is_refused(add, lesson, student)


def test_unknown_participation_is_refused(lesson):
    assert is_refused(lesson.participants.update, status="lost")


def test_thirty_first_participant_is_refused(lesson):
    students = [make_user("student") for _ in range(30)]
    for one in students[:29]:
        add(lesson, one)
    assert is_refused(add, lesson, students[29])


@pytest.mark.postgres
def test_lesson_without_participants_is_refused(lesson):
    """Not on SQLite, where Django could not keep the foreign key; there only the services do it."""

    def remove_all():
        lesson.participants.all().delete()
        connection.check_constraints()

    assert is_refused(remove_all)


def test_participant_cannot_be_deleted_as_a_user_but_with_the_lesson(lesson):
    second = make_user("student")
    add(lesson, second)
    with pytest.raises(ProtectedError):
        second.delete()
    lesson.session.delete()
    lesson.delete()
    assert not Participant.objects.exists()


# Release 0.32, which knows lessons with one student


@pytest.fixture
def released():
    """The lessons as release 0.32 writes them."""
    state = MigrationExecutor(connection).loader.project_state(
        [("lessons", "0003_no_index_twice"), ("classrooms", "0001_initial")]
    )
    return state.apps.get_model("lessons", "Lesson").objects


def schedule(released, lesson, **changes):
    people = {"tutor_id": lesson.tutor_id, "student_id": lesson.student_id}
    times = {"starts_at": NOON + 5 * HOUR, "ends_at": NOON + 6 * HOUR}
    return released.create(classroom_id=lesson.classroom_id, **{**people, **times, **changes})


def test_lesson_of_the_released_version_has_a_participant(released, lesson, student):
    made = schedule(released, lesson)
    participant = Participant.objects.get(lesson=made.pk)
    assert (participant.student_id, participant.status) == (student.pk, "booked")
    assert copies(participant) == (NOON + 5 * HOUR, NOON + 6 * HOUR, True)
    assert is_refused(schedule, released, lesson, tutor_id=make_user("tutor").pk)
    made.starts_at, made.ends_at = NOON + 7 * HOUR, NOON + 8 * HOUR
    made.save()
    assert copies(participant) == (NOON + 7 * HOUR, NOON + 8 * HOUR, True)
    released.filter(pk=made.pk).update(status="cancelled")
    assert copies(participant) == (NOON + 7 * HOUR, NOON + 8 * HOUR, False)


def test_released_version_cannot_overlap_a_group(released, lesson, other, student):
    add(other, student)
    assert is_refused(schedule, released, lesson)
    row = released.filter(pk=lesson.pk)
    assert is_refused(row.update, starts_at=NOON + 5 * HOUR, ends_at=NOON + 6 * HOUR)
    row = released.filter(pk=other.pk)
    assert is_refused(row.update, starts_at=NOON, ends_at=NOON + HOUR)


def test_released_version_replaces_a_placeholder(released, lesson, classroom, stranger):
    placeholder = make_placeholder(classroom)
    add(lesson, make_user("student"))
    made = schedule(released, lesson, student_id=placeholder.pk)
    add(made, make_user("student"), status="cancelled")
    Participant.objects.filter(student=placeholder).update(status="attended")
    released.filter(student=placeholder.pk).update(student=stranger.pk)
    assert Participant.objects.get(lesson=made.pk, student=stranger).status == "attended"
    assert not Participant.objects.filter(student=placeholder).exists()
    assert Participant.objects.count() == 4


def test_released_version_replaces_a_placeholder_by_another_participant(
    released, lesson, classroom, stranger
):
    placeholder = make_placeholder(classroom)
    made = schedule(released, lesson, student_id=placeholder.pk)
    Participant.objects.create(lesson_id=made.pk, student=stranger)
    released.filter(student=placeholder.pk).update(student=stranger.pk)
    assert Participant.objects.get(lesson=made.pk).student == stranger


def test_released_version_cannot_replace_a_placeholder_in_an_overlap(
    released, lesson, classroom, student
):
    placeholder = make_placeholder(classroom)
    times = {"starts_at": NOON, "ends_at": NOON + HOUR}
    made = schedule(
        released, lesson, student_id=placeholder.pk, tutor_id=make_user("tutor").pk, **times
    )
    row = released.filter(pk=made.pk)
    assert is_refused(row.update, student=student.pk)
    row.update(allow_overlap=True)
    assert not is_refused(row.update, student=student.pk)


def test_lesson_that_the_released_version_deletes_takes_its_participants(released, lesson):
    made = schedule(released, lesson)
    add(made, make_user("student"))
    with transaction.atomic():
        released.filter(pk=made.pk)._raw_delete(connection.alias)
        connection.check_constraints()
    assert not Participant.objects.filter(lesson=made.pk).exists()


# A placeholder in a group


def accept(placeholder, student):
    url = make_student_link(placeholder, NOON + timedelta(days=10_000)).url
    return accept_student_link(token=url.split("/")[-2], student=student)


@pytest.mark.parametrize("first", [True, False])
def test_account_takes_the_place_of_a_placeholder_in_a_group(lesson, classroom, stranger, first):
    placeholder = make_placeholder(classroom)
    if first:
        lesson = make_lesson(lesson.tutor, placeholder, NOON + 5 * HOUR)
        add(lesson, make_user("student"))
    else:
        add(lesson, placeholder)
    accept(placeholder, stranger)
    assert lesson.participants.count() == 2
    assert lesson.participants.filter(student=stranger, status="booked").exists()
    lesson.refresh_from_db()
    assert lesson.has_student(lesson.student_id)
    assert (lesson.student_id == stranger.pk) is first


@pytest.mark.parametrize("first", [True, False])
def test_account_in_the_same_lesson_as_the_placeholder_stays_once(
    lesson, classroom, student, first
):
    placeholder = make_placeholder(classroom)
    if first:
        lesson = make_lesson(lesson.tutor, placeholder, NOON + 5 * HOUR)
        add(lesson, student, status="no_show")
    else:
        add(lesson, placeholder)
        lesson.participants.filter(student=student).update(status="no_show")
    assert accept(placeholder, student) == 0
    assert list(lesson.participants.values_list("student", "status")) == [(student.pk, "no_show")]
    lesson.refresh_from_db()
    assert (lesson.student_id, lesson.allow_overlap) == (student.pk, False)


def test_overlap_of_a_placeholder_in_a_group_is_kept_as_double_booked(
    other, classroom, other_tutor, student
):
    placeholder = make_placeholder(make_classroom(other_tutor))
    add(other, placeholder)
    make_lesson(classroom.tutor, student, NOON + 5 * HOUR)
    assert accept(placeholder, student) == 1
    other.refresh_from_db()
    assert other.allow_overlap
    assert other.participants.filter(student=student).exists()


# The migration of what 0.32 stored


@pytest.mark.django_db(transaction=True)
def test_migration_makes_participants_of_stored_lessons(tutor, student):
    rows = [
        make_lesson(tutor, student, NOON + n * 2 * HOUR, status=status)
        for n, status in enumerate(["scheduled", "cancelled", "completed"])
    ]
    double = make_lesson(tutor, student, NOON, allow_overlap=True)
    targets = _leaves()  # apps above lessons are migrated backwards with it
    _migrate([("lessons", "0011_participants")])
    try:
        Participant.objects.all().delete()
        assert is_refused(
            Lesson.objects.filter(pk=rows[2].pk).update, starts_at=NOON, ends_at=NOON + HOUR
        )
    finally:
        _migrate(targets)
    found = {
        one.lesson_id: (one.student_id, one.status, one.starts_at, one.occupies)
        for one in Participant.objects.all()
    }
    assert found == {
        rows[0].pk: (student.pk, "booked", NOON, True),
        rows[1].pk: (student.pk, "booked", NOON + 2 * HOUR, False),
        rows[2].pk: (student.pk, "booked", NOON + 4 * HOUR, True),
        double.pk: (student.pk, "booked", NOON, False),
    }
    with pytest.raises(IntegrityError):
        make_lesson(make_user("tutor"), student, NOON)


def _leaves():
    return MigrationExecutor(connection).loader.graph.leaf_nodes()


def _migrate(targets):
    MigrationExecutor(connection).migrate(targets)
