"""Feeds of random schools: series in many zones, changed at random, read back after each change."""

# ruff: noqa: DTZ001 -- series have clock times
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from apps.lessons.models import Lesson, LessonChange
from apps.lessons.tests.feeds import NOW, check, parse
from tests.builders import HOUR, make_membership

pytestmark = pytest.mark.django_db

randomly = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],  # to shrink a failure takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# Not UTC: ical 14.3.1 does not match a RECURRENCE-ID in UTC with its occurrence.
ZONES = [
    *("Europe/Kyiv", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"),
    *("Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham", "America/Santiago"),
]
# Clock times on days on which clocks change somewhere, and any others.
starts = st.one_of(
    st.sampled_from(
        [
            datetime(2030, 10, 6, 2, 15),
            datetime(2030, 10, 13, 3, 30),
            datetime(2030, 10, 20, 1, 30),
            datetime(2031, 3, 2, 2, 30),
            datetime(2031, 3, 16, 3, 30),
        ]
    ),
    st.datetimes(datetime(2030, 10, 3), datetime(2031, 4, 1)).map(
        lambda when: when.replace(minute=when.minute // 5 * 5, second=0, microsecond=0)
    ),
)
rules = st.sampled_from(
    [
        "FREQ=WEEKLY;COUNT=9",
        "FREQ=WEEKLY;BYDAY=MO,TH,SU;COUNT=12",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU;COUNT=7",
        "FREQ=DAILY;INTERVAL=2;COUNT=12",
        "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=4",
        "FREQ=MONTHLY;BYDAY=-1FR;COUNT=5",
    ]
)
skipped = st.lists(st.integers(1, 5), max_size=2, unique=True)
shifts = st.sampled_from([HOUR, -HOUR, HOUR / 2, 24 * HOUR, 26 * HOUR])
scopes = st.sampled_from(["this", "following", "all"])
changes = st.lists(
    st.tuples(
        st.sampled_from(["move", "longer", "rename", "cancel", "add", "remove", "undo"]),
        st.integers(0, 11),
        scopes,
        shifts,
    ),
    max_size=5,
)


@pytest.fixture(autouse=True)
def _in_2030(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@given(starts, rules, st.sampled_from(ZONES), st.sampled_from(ZONES), skipped, changes)
@randomly
def test_feed_shows_the_lessons_of_the_calendar(
    api, classroom, tutor, student, stranger, start, rrule, zone, readers_zone, skipped, changes
):
    client = api(tutor)
    with transaction.atomic():
        make_membership(classroom, stranger)
        student.timezone = readers_zone
        body = {
            "student_id": student.pk,
            "starts_at": start.isoformat()[:16],
            "duration_minutes": 60,
            "rrule": rrule,
            "timezone": zone,
            "on_conflict": "skip",
            "skip_dates": [str(start.date() + weeks * timedelta(days=7)) for weeks in skipped],
        }
        assert client.post("/api/lesson-series/", body).status_code == 201
        uids = check_all(tutor, student, stranger)
        for change in changes:
            apply(client, stranger, *change)
            uids |= check_all(tutor, student, stranger)
        transaction.set_rollback(True)


def check_all(*readers):
    """Return the identities of all events, each of which a feed has once."""
    found = set()
    for reader in readers:
        check(reader)
        events = [
            (str(event["UID"]), str(getattr(event.get("RECURRENCE-ID"), "dt", "")))
            for event in parse(reader).walk("VEVENT")
        ]
        assert len(set(events)) == len(events)
        found |= set(events)
    return found


def apply(client, stranger, kind, number, scope, shift):
    """A change that is refused, because of a conflict or an end in the past, changes nothing."""
    lessons = list(Lesson.objects.not_cancelled().order_by("starts_at"))
    if not lessons:
        return
    lesson = lessons[number % len(lessons)]
    path = f"/api/lessons/{lesson.pk}/"
    times = {
        "move": {"starts_at": lesson.starts_at + shift, "ends_at": lesson.ends_at + shift},
        "longer": {"ends_at": lesson.ends_at + timedelta(minutes=15)},
    }
    if kind in times:
        sent = {name: when.isoformat() for name, when in times[kind].items()}
        answer = client.patch(path, {"scope": scope, **sent})
    elif kind == "rename":
        answer = client.patch(path, {"scope": scope, "title": f"Title {number}"})
    elif kind == "cancel":
        answer = client.post(f"{path}cancel/", {"scope": scope})
    elif kind == "undo":
        latest = LessonChange.objects.first()
        if latest is None:
            return
        answer = client.post(f"/api/lesson-changes/{latest.pk}/undo/")
    elif kind == "add":
        answer = client.post(f"{path}students/", {"student_id": stranger.pk, "scope": scope})
    else:
        answer = client.delete(f"{path}students/{stranger.pk}/", {"scope": scope})
    assert answer.status_code < 500
