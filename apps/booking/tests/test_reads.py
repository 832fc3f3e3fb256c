"""Hand-written SQL of bookings returns what the querysets define."""

import random
from datetime import date, timedelta

import pytest

from apps.booking.availability import Days, get_availability, load_days
from apps.booking.errors import not_bookable
from apps.booking.models import (
    Availability,
    AvailabilityWindow,
    BusyTime,
    ExternalCalendar,
    SlotHold,
)
from apps.booking.queries import SlotSearch
from apps.booking.services import _check_number
from apps.booking.slots import Schedule
from apps.common.errors import DomainError
from apps.common.zones import find_zone
from apps.lessons.models import Holiday, Lesson
from tests.builders import HOUR, NOON, make_lesson

pytestmark = pytest.mark.django_db
SHORTER = timedelta(microseconds=1)


@pytest.fixture(params=range(4))
def chance(request):
    return random.Random(request.param)


def test_blocked_times_equal_the_querysets(tutor, other_tutor, student, stranger, chance):
    for owner in (tutor, other_tutor):
        for _number in range(2):
            calendar = ExternalCalendar.objects.create(tutor=owner, name="x")
            for hour in chance.sample(range(-9, 9), 6):
                start = NOON + hour * HOUR
                end = start + chance.choice([HOUR / 2, HOUR])
                BusyTime.objects.create(calendar=calendar, starts_at=start, ends_at=end)
        for person in (student, stranger):
            start = NOON + chance.randrange(-4, 4) * 2 * HOUR + (person == student) * HOUR
            times = {"starts_at": start, "ends_at": start + HOUR}
            expires_at = NOON + chance.choice([-1, 0, 1]) * HOUR
            SlotHold.objects.create(tutor=owner, student=person, **times, expires_at=expires_at)
    schedule = Schedule(zone=find_zone("UTC"))
    for span in ((NOON - 4 * HOUR, NOON), (NOON, NOON + HOUR), (NOON - 9 * HOUR, NOON + 9 * HOUR)):
        wide = span[0] - HOUR, span[1] + SHORTER
        found = SlotSearch(tutor, student, schedule)._find_blocked(span, wide, NOON)
        busy = BusyTime.objects.filter(calendar__tutor=tutor)
        busy = busy.filter(starts_at__lt=span[1], ends_at__gt=span[0])
        holds = SlotHold.objects.filter(tutor=tutor, expires_at__gt=NOON).exclude(student=student)
        holds = holds.filter(starts_at__lt=wide[1], ends_at__gt=wide[0])
        for rows, expected in zip(found, (busy, holds), strict=True):
            assert sorted(rows) == sorted(expected.values_list("starts_at", "ends_at"))


def test_days_equal_the_querysets(tutor, other_tutor, chance):
    for owner in (tutor, other_tutor):
        mine = Availability.objects.create(tutor=owner)
        for weekday in chance.sample(range(7), 3):
            for begins in chance.sample(range(0, 1380, 60), 3):
                AvailabilityWindow.objects.create(
                    availability=mine,
                    weekday=weekday,
                    starts_minute=begins,
                    ends_minute=begins + 30,
                )
        closed, other = date(2026, 12, 24), date(2026, 12, 31)
        AvailabilityWindow.objects.create(availability=mine, date=closed)
        for begins in (600, 0):
            AvailabilityWindow.objects.create(
                availability=mine, date=other, starts_minute=begins, ends_minute=begins + 30
            )
        last = closed + timedelta(days=chance.randrange(9))
        Holiday.objects.create(tutor=owner, name="x", first_date=closed, last_date=last)
    expected = Days()
    rows = AvailabilityWindow.objects.filter(availability=tutor.pk).order_by("starts_minute")
    for row in rows.exclude(starts_minute=None):
        windows = (
            expected.weekly[row.weekday] if row.date is None else expected.exceptions[row.date]
        )
        windows.append((row.starts_minute, row.ends_minute))
    expected.exceptions[closed] = []
    holidays = Holiday.objects.filter(tutor=tutor).values_list("first_date", "last_date")
    expected.holidays.extend(holidays)
    assert load_days(get_availability(tutor)) == expected


def test_lessons_ahead_are_counted_as_the_queryset_selects(
    tutor, other_tutor, student, stranger, chance, monkeypatch
):
    start = NOON
    for _number in range(30):
        start += HOUR
        people = chance.choice([tutor, other_tutor]), chance.choice([student, stranger])
        lesson = make_lesson(*people, start, status=chance.choice(Lesson.Status.values))
        Lesson.objects.filter(pk=lesson.pk).update(is_self_booked=chance.random() < 0.7)
        lesson.participants.update(status=chance.choice(["booked", "cancelled", "no_show"]))
    now = NOON + 5 * HOUR
    ahead = Lesson.objects.booked_for(student).not_cancelled()
    ahead = ahead.filter(tutor=tutor, is_self_booked=True, starts_at__gt=now)
    number = ahead.count()
    monkeypatch.setattr("apps.booking.services.MAX_REQUESTED", number + 1)
    monkeypatch.setattr("apps.booking.services.MAX_AHEAD", number + 1)
    _check_number(tutor, student, now)
    monkeypatch.setattr("apps.booking.services.MAX_AHEAD", number)
    with pytest.raises(DomainError) as refusal:
        _check_number(tutor, student, now)
    assert refusal.value.code == not_bookable("").code
