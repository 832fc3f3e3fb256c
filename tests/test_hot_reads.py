"""Hand-written SQL returns what the querysets define."""

import random
from contextlib import suppress
from datetime import datetime, time, timedelta

import pytest

from apps.accounts.models import User
from apps.classroom.services import get_or_create_session
from apps.classrooms.models import Classroom, Membership
from apps.classrooms.queries import list_my_students
from apps.common.errors import DomainError
from apps.common.pagination import Page
from apps.common.text import contains_all_words
from apps.lessons import limits
from apps.lessons.booking import find_classroom, is_taught_by
from apps.lessons.models import MAX_DURATION, MIN_DURATION, Lesson, Participant
from apps.lessons.queries import lesson_json, list_lessons
from tests.builders import HOUR, NOON, make_classroom, make_user

pytestmark = pytest.mark.django_db

NAMES = ("Олена", "Ганна", "Ґалаґан", "Їжакевич", "O'Neil", "100%", "Anna")
SEARCHES = ("", "олена", "ґ", "o’neil", "0%", "nobody", "@school number")
SHORTER = timedelta(microseconds=1)
PAGES = (Page(limit=100, offset=0), Page(limit=2, offset=1), Page(limit=3, offset=50))


@pytest.fixture(params=range(4))
def school(request):
    """Random people, classrooms, memberships and lessons; returns the generator."""
    chance = random.Random(request.param)
    tutors = [make_user("tutor") for _ in range(3)]
    students = [make_user("student", chance.choice(NAMES), chance.choice(NAMES)) for _ in range(7)]
    rooms = [make_classroom(chance.choice(tutors), name=chance.choice(NAMES)) for _ in range(8)]
    for room in rooms:
        if chance.random() < 0.2:
            Classroom.objects.filter(pk=room.pk).update(archived_at=NOON)
        for student in chance.sample(students, 4):
            status = chance.choice(["active", "active", "active", *Membership.Status.values])
            Membership.objects.create(
                classroom=room, student=student, status=status, joined_at=NOON
            )
    for number in range(60):
        room = chance.choice(rooms)
        length = chance.choice([MIN_DURATION, HOUR, MAX_DURATION])
        starts_at = NOON + HOUR * chance.randrange(-40, 40)
        lesson = Lesson.objects.create(
            tutor=room.tutor,
            student=chance.choice(students),
            classroom=room,
            title=f"№{number}",
            starts_at=starts_at,
            ends_at=starts_at + length,
            status=chance.choice(Lesson.Status.values),
            allow_overlap=True,
        )
        for student in chance.sample(students, chance.choice([0, 0, 2, 4])):
            Participant.objects.get_or_create(lesson=lesson, student=student)
        lesson.participants.filter(pk__gt=chance.randrange(1, 200)).update(
            status=chance.choice(Participant.Status.values)
        )
        if chance.random() < 0.8:
            get_or_create_session(lesson_id=lesson.pk)
    return chance


def describe_person(user):
    return {"id": user.pk, "first_name": user.first_name, "last_name": user.last_name}


def describe_lesson(lesson):
    """All lessons have begun, so a request has lapsed."""
    session = getattr(lesson, "session", None)
    students = lesson.participants.select_related("student").order_by(
        "student__sort_key", "student_id"
    )
    return {
        "id": lesson.pk,
        "title": lesson.title,
        "starts_at": lesson.starts_at,
        "ends_at": lesson.ends_at,
        "status": "cancelled" if lesson.is_requested else lesson.status,
        "tutor": describe_person(lesson.tutor),
        "student": describe_person(students[0].student),
        "students": [{**describe_person(one.student), "status": one.status} for one in students],
        "classroom_id": lesson.classroom_id,
        "session_uuid": session.uuid if session else None,
        "series_id": None,
        "original_starts_at": None,
    }


def describe_student(student, memberships):
    shared = memberships.filter(student=student)
    classrooms = Classroom.objects.filter(memberships__in=shared).order_by("sort_key", "id")
    return {
        **describe_person(student),
        "email": student.shown_email,
        "classrooms": list(classrooms.values("id", "name")),
    }


def test_calendar_range_equals_the_queryset(school):
    found = 0
    for user in User.objects.all():
        for _ in range(12):
            start = NOON + HOUR * school.randrange(-50, 50) + school.choice([-SHORTER, 0 * HOUR])
            end = start + school.choice([SHORTER, HOUR, 24 * HOUR])
            include_cancelled = school.random() < 0.5
            lessons = Lesson.objects.of(user).between(start, end).in_order()
            if not include_cancelled:
                lessons = lessons.not_cancelled().exclude(status="requested")
            expected = [describe_lesson(lesson) for lesson in lessons]
            assert list_lessons(user, start, end, include_cancelled=include_cancelled) == expected
            found += len(expected)
    assert found > 20


def test_lesson_by_id_equals_its_row(school):
    for lesson in Lesson.objects.all():
        assert lesson_json(lesson.pk) == describe_lesson(lesson)


def test_my_students_equal_the_queryset(school):
    found = 0
    for tutor in User.objects.filter(role="tutor"):
        memberships = Membership.objects.active().taught_by(tutor)
        for words in SEARCHES:
            students = (
                User.objects.filter(memberships__in=memberships)
                .filter(contains_all_words(words, "search_text"))
                .distinct()
                .order_by("sort_key", "id")
            )
            expected = [describe_student(student, memberships) for student in students]
            found += len(expected)
            for page in PAGES:
                rows = expected[page.offset : page.stop]
                assert list_my_students(tutor, words, page) == (len(expected), rows)
    assert found


def test_classroom_of_a_lesson_is_the_shared_one_joined_first(school):
    for tutor in User.objects.filter(role="tutor"):
        for student in User.objects.filter(role="student"):
            shared = Membership.objects.active().taught_by(tutor).filter(student=student)
            first = shared.order_by("joined_at", "id").first()
            assert _find_classroom(tutor, student) == (first and first.classroom_id)
            assert is_taught_by(tutor.pk, student.pk) == shared.exists()


def _find_classroom(tutor, student):
    with suppress(DomainError):
        return find_classroom(tutor, [student.pk], None)
    return None


def test_limits_count_the_tutors_lessons_with_the_student(school, monkeypatch):
    monkeypatch.setattr(limits, "MAX_NUMBER_PER_DAY", 1)
    for tutor in User.objects.filter(role="tutor"):
        for student in User.objects.filter(role="student"):
            day = student.to_local_time(NOON).date()
            start = datetime.combine(day, time(), student.zone)
            end = datetime.combine(day + timedelta(days=1), time(), student.zone)
            theirs = Participant.objects.filter(lesson__tutor=tutor, student=student)
            on_that_day = theirs.filter(starts_at__gte=start, starts_at__lt=end)
            lesson = Lesson(tutor=tutor, starts_at=NOON, ends_at=NOON + HOUR)
            assert _is_over_limit(tutor, student, lesson) == on_that_day.exists()


def _is_over_limit(tutor, student, lesson):
    try:
        limits.check_limits(tutor.pk, [student], [lesson], NOON + 24 * HOUR)
    except DomainError:
        return True
    return False
