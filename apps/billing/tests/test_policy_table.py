"""Every outcome of the policy, minute by minute around its limits, in zones whose clocks change.

The expected outcome is written down as a table of its own and does not use the code it checks.
"""

from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from apps.billing.cancellations import cancel_as_student
from apps.billing.models import CancellationPolicy
from apps.billing.terms import find_terms
from apps.billing.wording import LessonTerms, describe_terms, format_instant
from apps.common.errors import DomainError
from tests.builders import make_lesson

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)

# Wall-clock starts a few hours after clocks change, so that the time limit of a day lies before it:
# the zone, the start, and how long before the start the same wall-clock time of the day before is.
CLOCKS = {
    "spring in Kyiv": ("Europe/Kyiv", "2026-03-29T10:00", 23 * HOUR),
    "autumn in Kyiv": ("Europe/Kyiv", "2026-10-25T10:00", 25 * HOUR),
    "spring in New York": ("America/New_York", "2026-03-08T10:00", 23 * HOUR),
    "autumn in New York": ("America/New_York", "2026-11-01T10:00", 25 * HOUR),
    "half an hour on Lord Howe": ("Australia/Lord_Howe", "2026-10-04T10:00", 23.5 * HOUR),
    "half an hour back on Lord Howe": ("Australia/Lord_Howe", "2026-04-05T10:00", 24.5 * HOUR),
    "no change in Kathmandu": ("Asia/Kathmandu", "2026-10-25T10:00", 24 * HOUR),
    "no change in UTC": ("UTC", "2026-10-25T10:00", 24 * HOUR),
}
# Distance of the cancellation from the end of what is free, and whether it is late.
MOMENTS = {
    "a week before": (-7 * 24 * HOUR, False),
    "an hour before": (-HOUR, False),
    "a minute before": (-MINUTE, False),
    "a second before": (-SECOND, False),
    "at the limit": (timedelta(0), False),
    "a microsecond after": (timedelta(microseconds=1), True),
    "a second after": (SECOND, True),
    "a minute after": (MINUTE, True),
    "an hour after": (HOUR, True),
}
LIMITS = (0, 1, 60, 1440, 20160)  # minutes
# Percentage of a late cancellation, how many were free and used, whether there is a no-fault
# reason: outcome, percentage, whether a free one is used.
LATE = [
    (100, 0, 0, False, ("charged", 100, False)),
    (50, 0, 0, False, ("charged", 50, False)),
    (1, 0, 0, False, ("charged", 1, False)),
    (0, 0, 0, False, ("free", 0, False)),
    (0, 2, 0, False, ("free", 0, False)),
    (100, 2, 0, False, ("free", 0, True)),
    (100, 2, 1, False, ("free", 0, True)),
    (100, 2, 2, False, ("charged", 100, False)),
    (100, 2, 5, False, ("charged", 100, False)),
    (100, 0, 0, True, ("free", 0, False)),
    (100, 2, 0, True, ("free", 0, False)),
    (50, 2, 2, True, ("free", 0, False)),
]


def start_of(clock):
    zone, wall, _shift = CLOCKS[clock]
    return datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def make_policy(**fields):
    created_at = datetime(2026, 1, 1, tzinfo=UTC)
    return CancellationPolicy(
        **{"students_may_cancel": True, "created_at": created_at, **fields}, tutor_id=1
    )


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("moment", MOMENTS)
def test_outcome_around_the_limit(clock, moment):
    distance, is_late = MOMENTS[moment]
    starts_at = start_of(clock)
    for limit, row in product(LIMITS, LATE):
        percent, free, used, no_fault, expected = row
        now = starts_at - limit * MINUTE + distance
        policy = make_policy(
            free_until_minutes=limit, late_charge_percent=percent, free_late_cancellations=free
        )
        found = find_terms(policy, starts_at, now, used=used, has_no_fault=no_fault)
        outcome = (found.outcome, found.charge_percent, found.uses_free_late)
        assert outcome == (expected if is_late else ("free", 0, False)), (limit, row)
        assert (found.is_late, found.is_refused) == (is_late, now >= starts_at), (limit, row)
        assert found.free_late_left == max(0, free - used), (limit, row)


@pytest.mark.parametrize("clock", CLOCKS)
def test_limit_of_a_day_is_24_hours_and_not_the_same_time_of_the_day_before(clock):
    starts_at, (_zone, _wall, day_before) = start_of(clock), CLOCKS[clock]
    policy = make_policy(free_until_minutes=1440)
    found = find_terms(policy, starts_at, starts_at - day_before, used=0)
    assert found.is_late is (day_before < 24 * HOUR)
    assert found.free_until == starts_at - 24 * HOUR


@pytest.mark.parametrize("clock", CLOCKS)
def test_limit_is_told_in_the_readers_wall_clock_time(clock, student):
    """The instant is the same for everybody; its wall-clock time has moved with the clocks."""
    zone, wall, day_before = CLOCKS[clock]
    student.timezone = zone
    told = format_instant(start_of(clock) - 24 * HOUR, student)
    shown = datetime.fromisoformat(wall) - 24 * HOUR - (24 * HOUR - day_before)
    assert f", {shown:%H:%M} (" in told


@pytest.mark.parametrize("is_allowed", [True, False])
@pytest.mark.parametrize("before", [HOUR, SECOND, timedelta(0), -SECOND])
def test_nothing_is_cancelled_from_the_start_on_or_against_the_policy(is_allowed, before):
    starts_at = start_of("no change in UTC")
    policy = make_policy(students_may_cancel=is_allowed)
    found = find_terms(policy, starts_at, starts_at - before, used=0)
    assert found.is_refused is (not is_allowed or before <= timedelta(0))


@pytest.mark.parametrize("before", [SECOND, HOUR, 100 * HOUR])
def test_request_is_always_taken_back_free_of_charge(before):
    starts_at = start_of("autumn in Kyiv")
    policy = make_policy(free_until_minutes=20160)
    found = find_terms(policy, starts_at, starts_at - before, used=0, is_request=True)
    assert (found.is_late, found.charge_percent, found.uses_free_late) == (False, 0, False)


@pytest.mark.parametrize(
    ("days", "after", "number"),
    [
        (30, timedelta(0), 0),
        (30, 30 * 24 * HOUR - SECOND, 0),
        (30, 30 * 24 * HOUR, 1),
        (1, 24 * HOUR, 1),
        (365, 364 * 24 * HOUR, 0),
        (7, 400 * 24 * HOUR, 57),
    ],
)
def test_periods_of_free_late_cancellations_follow_each_other(days, after, number):
    policy = make_policy(free_late_period_days=days)
    now = policy.created_at + after
    found = find_terms(policy, now + HOUR, now, used=0)
    end = policy.created_at + (number + 1) * timedelta(days=days)
    assert found.period_ends_at == end


@pytest.mark.django_db
@pytest.mark.parametrize("clock", ["spring in Kyiv", "autumn in New York", "no change in UTC"])
@pytest.mark.parametrize(
    ("moment", "status", "percent"),
    [
        ("a second before", "cancelled", 0),
        ("at the limit", "cancelled", 0),
        ("a second after", "late_cancelled", 70),
        ("a minute after", "late_cancelled", 70),
    ],
)
def test_decision_is_stored_as_the_table_says(
    tutor, student, classroom, clock, moment, status, percent
):
    policy = make_policy(free_until_minutes=1440, late_charge_percent=70)
    policy.tutor = tutor
    policy.save()
    starts_at = start_of(clock)
    lesson = make_lesson(tutor, student, starts_at)
    type(lesson).objects.filter(pk=lesson.pk).update(created_at=policy.created_at + HOUR)
    lesson.refresh_from_db()
    now = starts_at - 24 * HOUR + MOMENTS[moment][0]
    decision = cancel_as_student(lesson=lesson, student=student, now=now)
    assert decision.charge_percent == percent
    assert lesson.participants.get().status == status
    with pytest.raises(DomainError, match="cancelled"):
        cancel_as_student(lesson=lesson, student=student, now=now)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "used", "minutes", "words"),
    [
        ({}, 0, 160, "2 h 40 min before: this lesson will be charged."),
        ({"late_charge_percent": 50}, 0, 160, "2 h 40 min before: 50 % of this lesson"),
        ({"late_charge_percent": 0}, 0, 160, "2 h 40 min before: late, but nothing is charged."),
        (
            {"free_late_cancellations": 2},
            0,
            160,
            "2 h 40 min before: uses a free late cancellation, nothing is charged. "
            "1 free late cancellation is left until 28 March.",
        ),
        (
            {"free_late_cancellations": 2},
            1,
            160,
            "2 h 40 min before: uses a free late cancellation, nothing is charged. "
            "It is the last one until 28 March.",
        ),
        (
            {"free_late_cancellations": 2},
            2,
            160,
            "2 h 40 min before: this lesson will be charged. "
            "No free late cancellation is left until 28 March.",
        ),
        ({}, 0, 1, "1 min before: this lesson will be charged."),
        ({"free_until_minutes": 2880}, 0, 1500, "1 d 1 h before: this lesson will be charged."),
        ({}, 0, 3000, "Free of charge until "),
    ],
)
def test_consequence_in_words(lesson, student, fields, used, minutes, words):
    now = lesson.starts_at - minutes * MINUTE  # of 2 March 2026
    made_at = datetime(2026, 2, 26, tzinfo=UTC)
    policy = make_policy(created_at=made_at, free_late_period_days=30, **fields)
    found = LessonTerms(policy, find_terms(policy, lesson.starts_at, now, used=used))
    assert describe_terms(lesson, student, found, now).startswith(words)
