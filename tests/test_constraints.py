"""Database constraints: each invariant is enforced without the checks in Python."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from apps.accounts.models import User
from apps.classroom.models import ClassroomSession
from apps.classrooms.models import Membership
from apps.common.models import Installation
from apps.lessons.models import Lesson
from apps.lessons.overlap import CONSTRAINT_NAMES
from apps.lessons.participant_triggers import OVERLAP, TRIGGER_NAMES
from tests.builders import HOUR, NOON, make_classroom, make_lesson, make_user

pytestmark = pytest.mark.django_db


def is_refused(write, *args, **kwargs):
    try:
        with transaction.atomic():
            write(*args, **kwargs)
    except IntegrityError:
        return True
    return False


def insert(lesson, **changes):
    """Copy the lesson's row by bulk_create, which skips save(), the services and validation."""
    fields = {
        "tutor_id": lesson.tutor_id,
        "student_id": lesson.student_id,
        "classroom_id": lesson.classroom_id,
        "starts_at": lesson.starts_at,
        "ends_at": lesson.ends_at,
        **changes,
    }
    return Lesson.objects.bulk_create([Lesson(**fields)])[0]


# Duration


@pytest.mark.parametrize("seconds", [-3600, -1, 0, 1, 299, 12 * 3600 + 1, 10**7])
def test_duration_outside_5_minutes_to_12_hours_is_refused(lesson, seconds):
    later = NOON + 100 * HOUR
    ends_at = later + timedelta(seconds=seconds)
    assert is_refused(insert, lesson, starts_at=later, ends_at=ends_at)
    assert is_refused(Lesson.objects.update, ends_at=lesson.starts_at + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [300, 12 * 3600])
def test_duration_at_either_bound_is_accepted(lesson, seconds):
    later = NOON + 100 * HOUR
    assert not is_refused(
        insert, lesson, starts_at=later, ends_at=later + timedelta(seconds=seconds)
    )


# No two live lessons of one person overlap


@pytest.fixture
def one_person_shared(lesson, other_tutor, stranger):
    """Fields that make a copy of the lesson share only its tutor, or only its student."""
    return {"tutor": {"student_id": stranger.pk}, "student": {"tutor_id": other_tutor.pk}}


SHIFTS = [timedelta(minutes=m) for m in (0, 30, -30, 59, -59)] + [
    timedelta(microseconds=3599999999)
]


@pytest.mark.parametrize("person", ["tutor", "student"])
@pytest.mark.parametrize("shift", SHIFTS)
def test_overlapping_lesson_of_one_person_is_refused(lesson, one_person_shared, person, shift):
    times = {"starts_at": NOON + shift, "ends_at": NOON + shift + HOUR}
    assert is_refused(insert, lesson, **one_person_shared[person], **times)
    assert Lesson.objects.count() == 1


@pytest.mark.parametrize("person", ["tutor", "student"])
@pytest.mark.parametrize("shift", [HOUR, -HOUR])
def test_adjacent_lesson_is_accepted(lesson, one_person_shared, person, shift):
    times = {"starts_at": NOON + shift, "ends_at": NOON + shift + HOUR}
    assert not is_refused(insert, lesson, **one_person_shared[person], **times)


def test_simultaneous_lesson_of_other_people_is_accepted(lesson, other_tutor, stranger):
    assert not is_refused(insert, lesson, tutor_id=other_tutor.pk, student_id=stranger.pk)


def test_lesson_inside_or_around_another_is_refused(lesson):
    quarter = HOUR / 4
    for start, end in ((NOON + quarter, NOON + 2 * quarter), (NOON - HOUR, NOON + 2 * HOUR)):
        assert is_refused(insert, lesson, starts_at=start, ends_at=end)


@pytest.mark.parametrize("person", ["tutor", "student"])
@pytest.mark.parametrize("change", ["times", "person", "revive", "flag"])
def test_update_that_makes_an_overlap_is_refused(
    lesson, one_person_shared, other_tutor, stranger, person, change
):
    elsewhere = {"starts_at": NOON + 5 * HOUR, "ends_at": NOON + 6 * HOUR}
    before, update = {
        "times": (
            {**one_person_shared[person], **elsewhere},
            {"starts_at": NOON, "ends_at": NOON + HOUR},
        ),
        "person": (
            {"tutor_id": other_tutor.pk, "student_id": stranger.pk},
            {f"{person}_id": getattr(lesson, f"{person}_id")},
        ),
        "revive": ({**one_person_shared[person], "status": "cancelled"}, {"status": "scheduled"}),
        "flag": ({**one_person_shared[person], "allow_overlap": True}, {"allow_overlap": False}),
    }[change]
    other = insert(lesson, **before)
    assert is_refused(Lesson.objects.filter(pk=other.pk).update, **update)


def test_overlapping_lessons_of_one_statement_are_refused(lesson):
    later = {"starts_at": NOON + 9 * HOUR, "ends_at": NOON + 10 * HOUR}
    people = {
        "tutor_id": lesson.tutor_id,
        "student_id": lesson.student_id,
        "classroom_id": lesson.classroom_id,
    }
    assert is_refused(Lesson.objects.bulk_create, [Lesson(**people, **later) for _ in range(2)])


@pytest.mark.parametrize("change", [{"status": "cancelled"}, {"allow_overlap": True}])
def test_cancelled_or_double_booked_lesson_may_overlap(lesson, change):
    assert not is_refused(insert, lesson, **change)


def test_lesson_can_move_within_its_own_time(lesson):
    moved = {"starts_at": NOON + HOUR / 2, "ends_at": NOON + 3 * HOUR / 2}
    assert not is_refused(Lesson.objects.update, **moved)


def test_overlap_constraints_exist_after_migrate():
    """SQLite drops triggers with the table that Django rebuilds in a migration."""
    tutor = CONSTRAINT_NAMES["tutor"]
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            wanted = {f"{tutor}_insert", f"{tutor}_update"}
            replaced = {f"{CONSTRAINT_NAMES['student']}_{when}" for when in ("insert", "update")}
        else:
            cursor.execute("SELECT conname FROM pg_constraint UNION SELECT tgname FROM pg_trigger")
            wanted = {tutor, OVERLAP, "lesson_student_participates"}
            replaced = {CONSTRAINT_NAMES["student"]}
        found = {row[0] for row in cursor.fetchall()}
    assert found >= wanted | set(TRIGGER_NAMES[connection.vendor])
    assert not found & replaced


@pytest.mark.parametrize("name", ["user_replaced_email", "lesson_sequence", "participant_sequence"])
def test_trigger_exists_after_migrate(name):
    table = (
        "sqlite_master WHERE type = 'trigger' AND name"
        if connection.vendor == "sqlite"
        else ("pg_trigger WHERE tgname")
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {table} LIKE '{name}%'")
        assert cursor.fetchone() == (1,)


def test_overlap_constraints_need_no_postgresql_extension():
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT extname FROM pg_extension")
            assert {row[0] for row in cursor.fetchall()} == {"plpgsql"}


# Uniqueness


def test_second_installation_id_is_refused(db):
    Installation.get_uuid()
    assert is_refused(Installation.objects.bulk_create, [Installation(id=1)])
    assert is_refused(Installation.objects.bulk_create, [Installation(id=2)])


def test_second_session_of_a_lesson_is_refused(lesson):
    assert is_refused(ClassroomSession.objects.bulk_create, [ClassroomSession(lesson=lesson)])


def test_many_sessions_without_a_lesson_are_accepted():
    ClassroomSession.objects.bulk_create([ClassroomSession(), ClassroomSession()])


def test_second_lesson_of_a_tutor_and_idempotency_key_is_refused(lesson):
    Lesson.objects.update(idempotency_key="k")
    later = {"starts_at": NOON + 5 * HOUR, "ends_at": NOON + 6 * HOUR}
    assert is_refused(insert, lesson, idempotency_key="k", **later)
    assert not is_refused(insert, lesson, idempotency_key="k2", **later)


def test_second_membership_in_a_classroom_is_refused(classroom, student):
    twice = Membership(classroom=classroom, student=student, status="removed")
    assert is_refused(Membership.objects.bulk_create, [twice])


def test_second_invitation_of_an_email_to_a_classroom_is_refused(classroom):
    def invite():
        Membership.objects.bulk_create(
            [Membership(classroom=classroom, invited_email="a@x.example", status="invited")]
        )

    assert not is_refused(invite)
    assert is_refused(invite)


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "invited"},
        {"status": "active", "invited_email": "a@x.example"},
        {"status": "paused", "invited_email": "a@x.example"},
    ],
)
def test_membership_without_a_person_must_be_an_invitation(classroom, fields):
    assert is_refused(Membership.objects.bulk_create, [Membership(classroom=classroom, **fields)])


def test_join_code_of_another_classroom_is_refused(classroom, other_tutor):
    other = make_classroom(other_tutor)
    assert is_refused(type(other).objects.filter(pk=other.pk).update, join_code=classroom.join_code)


# Known values


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Lesson, {"status": "lost"}),
        (Membership, {"status": "lost"}),
        (User, {"role": "admin"}),
        (User, {"email": "UPPER@x.example"}),
    ],
)
def test_unknown_values_are_refused(lesson, model, change):
    row = model.objects.order_by("pk").first()
    assert is_refused(model.objects.filter(pk=row.pk).update, **change)


def test_second_account_with_an_email_is_refused(student):
    assert is_refused(make_user, "student", email=student.email)


def test_user_with_lessons_cannot_be_deleted(tutor, student):
    from django.db.models import ProtectedError

    make_lesson(tutor, student)
    for person in (tutor, student):
        with pytest.raises(ProtectedError):
            person.delete()
