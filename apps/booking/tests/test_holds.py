"""Slots in the forms of students."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.booking.holds import delete_expired, find_hold, hold_slot, release_hold
from apps.booking.models import HOLD_FOR, SlotHold
from apps.common.errors import DomainError
from tests.builders import HOUR, make_membership, make_user

from .test_availability_api import in_days, local_starts, put, slots
from .test_bookings_api import at, book

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def classmate(classroom):
    other = make_user("student")
    make_membership(classroom, other)
    return other


@pytest.fixture
def hold(api, tutor, student, classroom):
    """Returns a function by which the student holds a slot of the tutor."""
    put(api, tutor)
    now = timezone.now()

    def hold_at(hour, who=student, after=timedelta(), day=3):
        starts_at = at(tutor, hour, day)
        return hold_slot(tutor=tutor, student=who, starts_at=starts_at, minutes=60, now=now + after)

    return hold_at


def offered(api, user, tutor):
    return local_starts(slots(api, user, tutor, in_days(3)), tutor)


def test_held_slot_is_offered_to_its_student_alone(api, hold, tutor, student, classmate):
    hold(16)
    assert "16:00" in offered(api, student, tutor)
    for other in (classmate, tutor):
        assert offered(api, other, tutor) == ["15:00", "17:00", "18:00", "19:00"]
    answer = book(api, classmate, tutor, at(tutor, 16))
    assert (answer.status_code, answer.json()["error"]) == (409, "lesson_conflict")
    assert answer.json()["next_slots"]
    assert book(api, student, tutor, at(tutor, 16)).status_code == 201


def test_booking_releases_the_hold(api, hold, tutor, student, classmate):
    hold(16)
    assert book(api, student, tutor, at(tutor, 18)).status_code == 201
    assert not SlotHold.objects.exists()
    assert book(api, classmate, tutor, at(tutor, 16)).status_code == 201


def test_another_slot_releases_the_first_one(api, hold, tutor, student, classmate):
    hold(16)
    hold(17)
    assert offered(api, classmate, tutor) == ["15:00", "16:00", "18:00", "19:00"]
    release_hold(tutor, student)
    assert len(offered(api, classmate, tutor)) == 5


def test_hold_expires_after_ten_minutes(api, hold, tutor, student, classmate):
    first = hold(16)
    now = first.expires_at - HOLD_FOR
    assert find_hold(tutor, student, now + 9 * MINUTE) == first
    assert find_hold(tutor, student, now + 10 * MINUTE) is None
    SlotHold.objects.update(expires_at=timezone.now())
    assert "16:00" in offered(api, classmate, tutor)
    assert hold(16, classmate, MINUTE).student == classmate
    assert SlotHold.objects.get().student == classmate
    delete_expired(timezone.now() + HOUR)
    assert not SlotHold.objects.exists()


def test_same_slot_again_is_not_held_longer(hold):
    first = hold(16)
    assert hold(16, after=5 * MINUTE).expires_at == first.expires_at
    assert hold(17, after=5 * MINUTE).expires_at == first.expires_at + 5 * MINUTE


def test_slot_that_another_student_holds_is_a_conflict_with_the_next_ones(hold, classmate):
    hold(16)
    with pytest.raises(DomainError) as refused:
        hold(16, classmate)
    assert refused.value.code == "lesson_conflict"
    assert len(refused.value.extra["next_slots"]) == 3


def test_time_that_is_not_offered_is_not_held(hold):
    with pytest.raises(DomainError) as refused:
        hold(12)
    assert refused.value.code == "not_bookable"
    assert not SlotHold.objects.exists()


def test_break_around_a_held_slot_is_taken(api, hold, tutor, student, classmate):
    put(api, tutor, buffer_minutes=15)
    hold(16)
    assert "17:00" not in offered(api, classmate, tutor)
    assert "17:15" in offered(api, classmate, tutor)


def test_database_refuses_holds_of_one_tutor_that_overlap(hold, tutor, classmate, other_tutor):
    held = hold(16)
    times = {"starts_at": held.starts_at + 30 * MINUTE, "ends_at": held.ends_at + 30 * MINUTE}
    more = {"student": classmate, "expires_at": held.expires_at}
    with pytest.raises(IntegrityError), transaction.atomic():
        SlotHold.objects.create(tutor=tutor, **times, **more)
    SlotHold.objects.create(tutor=other_tutor, **times, **more)
    touching = {"starts_at": held.ends_at, "ends_at": held.ends_at + HOUR}
    SlotHold.objects.create(tutor=tutor, **touching, **more)
    with pytest.raises(IntegrityError), transaction.atomic():
        SlotHold.objects.filter(student=classmate, tutor=tutor).update(
            starts_at=held.starts_at + 30 * MINUTE
        )
