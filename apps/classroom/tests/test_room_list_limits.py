"""How many admissions and removals a room keeps: all are loaded every second while it is open."""

import uuid

import pytest

from apps.classroom import services
from apps.classroom.lessons import get_lessons
from apps.classroom.models import RoomAdmission, RoomBan, admission
from apps.classroom.policies import Person, Role
from apps.common.errors import DomainError

pytestmark = pytest.mark.django_db
LIMIT = 5


@pytest.fixture(autouse=True)
def _low_limits(monkeypatch):
    monkeypatch.setattr(admission, "MAX_ADMISSIONS", LIMIT)
    monkeypatch.setattr(admission, "MAX_BANS", LIMIT)


def new_key():
    return f"g{uuid.uuid4()}"


def admit(lesson, *people):
    services.admit(
        session_id=lesson.session.pk, people=people, lesson_id=lesson.pk, lessons=get_lessons()
    )


def remove(lesson, person):
    services.remove_person(
        session_id=lesson.session.pk,
        person=person,
        name="",
        lesson_id=lesson.pk,
        lessons=get_lessons(),
    )


def kept(lesson):
    rows = RoomAdmission.objects.filter(session=lesson.session).order_by("pk")
    return list(rows.values_list("person", flat=True))


def test_admitting_without_end_keeps_the_latest(lesson):
    people = [new_key() for _ in range(LIMIT + 3)]
    for person in people:
        admit(lesson, person)
    assert kept(lesson) == people[-LIMIT:]
    admit(lesson, *people)
    assert len(kept(lesson)) == LIMIT


def test_guests_entering_without_end_keep_the_latest(lesson):
    people = [new_key() for _ in range(LIMIT + 3)]
    for person in people:
        guest = Person(person, "Гість", Role.GUEST, generation=0)
        services.record_entry(session_id=lesson.session.pk, guest=guest)
    assert kept(lesson) == people[-LIMIT:]


def test_removing_without_end_is_refused(lesson):
    people = [new_key() for _ in range(LIMIT)]
    for person in people:
        remove(lesson, person)
    with pytest.raises(DomainError) as refused:
        remove(lesson, new_key())
    assert refused.value.code == "throttled"
    assert RoomBan.objects.filter(session=lesson.session).count() == LIMIT
    remove(lesson, people[0])
