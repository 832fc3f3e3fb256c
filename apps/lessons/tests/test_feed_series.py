"""Series in the feed, read by two parsers and compared with the calendar of the pages."""

# ruff: noqa: DTZ001 -- series have clock times
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from apps.lessons import services
from apps.lessons.feed.body import build_body
from apps.lessons.feed.selection import load_state
from apps.lessons.models import Lesson, LessonSeries
from apps.lessons.participants import add_student, remove_student
from apps.lessons.series.services import OnConflict, SeriesPlan, create_series
from apps.lessons.tests.feeds import END, NOW, check, expand, master, overrides, parse
from tests.builders import HOUR, make_lesson, make_membership

pytestmark = pytest.mark.django_db

WEEK = timedelta(days=7)
AUTUMN = datetime(2030, 10, 14, 17)  # two weeks before the clock change in Kyiv


@pytest.fixture(autouse=True)
def _in_2030(monkeypatch):
    """So that clock changes are ahead and within the limit of five years."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def make(classroom, tutor, student):
    def create(rrule="FREQ=WEEKLY;COUNT=8", starts_at=AUTUMN, zone="Europe/Kyiv", **changes):
        wanted = SeriesPlan(
            student_ids=changes.pop("student_ids", [student.pk]),
            starts_at=starts_at,
            duration_minutes=60,
            rrule=rrule,
            timezone=zone,
            title="Algebra",
            **changes,
        )
        return create_series(tutor=tutor, wanted=wanted, on_conflict=OnConflict.SKIP)

    return create


def lessons(series):
    return list(Lesson.objects.filter(series=series).order_by("original_starts_at"))


def test_series_is_one_event_with_rule_in_its_zone(make, student):
    make()
    event = master(student)
    assert len(parse(student).walk("VEVENT")) == 1
    assert event["DTSTART"].dt == AUTUMN.replace(tzinfo=ZoneInfo("Europe/Kyiv"))
    assert event["RRULE"].to_ical() == b"FREQ=WEEKLY;UNTIL=20301202T150000Z"
    assert len(check(student)) == 8


def test_series_keeps_its_clock_time_over_clock_changes(make, student, tutor):
    student.timezone = "America/New_York"
    make("FREQ=WEEKLY;COUNT=40")
    starts = [start for start, _end in check(student)]
    assert {start.astimezone(ZoneInfo("Europe/Kyiv")).hour for start in starts} == {17}
    assert len({start.astimezone(ZoneInfo("America/New_York")).hour for start in starts}) == 2
    assert check(tutor) == check(student)


def test_skipped_dates_and_conflicts_are_excluded(make, student, tutor):
    make_lesson(tutor, student, datetime(2030, 11, 4, 15, tzinfo=UTC))  # in the way
    make(skip_dates=[(AUTUMN + WEEK).date()])
    excluded = [each.dt.date().isoformat() for each in master(student)["EXDATE"].dts]
    assert excluded == ["2030-10-21", "2030-11-04"]
    assert len(check(student)) == 7


def test_moved_renamed_and_cancelled_occurrences_are_overrides(make, student, tutor):
    made = lessons(make())
    services.reschedule_lesson(
        tutor=tutor,
        lesson=made[1],
        starts_at=made[1].starts_at + HOUR,
        ends_at=made[1].ends_at + HOUR,
    )
    services.reschedule_lesson(tutor=tutor, lesson=made[3], title="Test")
    services.cancel_lesson(lesson=made[5])
    found = {e["RECURRENCE-ID"].dt: e for e in overrides(student)}
    assert list(found) == [made[n].original_starts_at for n in (1, 3, 5)]
    assert [e["STATUS"] for e in found.values()] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert "EXDATE" not in master(student)
    assert len(check(student)) == 7
    assert [summary for *_times, summary in expand(student)].count("Test · Тарас Вчитель") == 1


def test_occurrence_cancelled_long_ago_is_excluded(make, student, tutor):
    made = lessons(make())
    services.cancel_lesson(lesson=made[5])
    Lesson.objects.filter(pk=made[5].pk).update(cancelled_at=NOW - timedelta(days=62))
    assert overrides(student) == []
    assert [e.dt for e in master(student)["EXDATE"].dts] == [made[5].original_starts_at]
    assert len(check(student)) == 7


def test_student_of_part_of_a_series_sees_that_part(make, student, stranger, classroom, tutor):
    make_membership(classroom, stranger)
    made = lessons(make())
    for lesson in (made[2], made[3], made[6]):
        add_student(lesson=lesson, student_id=stranger.pk)
    remove_student(lesson=made[6], student_id=student.pk)
    assert len(check(stranger)) == 3
    assert len(check(student)) == 7
    assert len(check(tutor)) == 8
    assert {len(summary.split(", ")) for *_times, summary in expand(tutor)} == {1, 2}


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Kyiv", "Australia/Lord_Howe"])
def test_time_that_a_clock_change_skips_is_an_override(make, student, zone):
    """RFC 5545 leaves the date out of the rule; the lesson is at the time after the gap."""
    gaps = {
        "America/New_York": datetime(2031, 3, 9, 2, 30),
        "Europe/Kyiv": datetime(2031, 3, 30, 3, 30),
        "Australia/Lord_Howe": datetime(2030, 10, 6, 2, 15),
    }
    series = make("FREQ=WEEKLY;COUNT=6", gaps[zone] - timedelta(days=14), zone)
    skipped = lessons(series)[2]
    [event] = overrides(student)
    assert event["RECURRENCE-ID"].dt.astimezone(UTC) == skipped.starts_at
    assert event["RECURRENCE-ID"].dt.replace(tzinfo=None) == gaps[zone]
    assert event["DTSTART"].dt == skipped.starts_at
    assert len(check(student)) == 6


@pytest.mark.parametrize(("zone", "hour"), [("America/New_York", 1), ("Europe/Kyiv", 3)])
def test_time_that_comes_twice_is_the_first(make, student, zone, hour):
    first = datetime(2030, 11, 3, hour, 30) - timedelta(days=7 if hour == 3 else 0) - 2 * WEEK
    make("FREQ=WEEKLY;COUNT=5", first, zone)
    [event] = overrides(student)  # since programs disagree on when an hour from then is over
    assert event["DTSTART"].dt.tzname() == "UTC"
    assert len(check(student)) == 5


@pytest.mark.parametrize(
    "rrule",
    [
        "FREQ=DAILY;INTERVAL=3;COUNT=20",
        "FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=20",
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU;COUNT=9",
        "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=5",
        "FREQ=MONTHLY;BYDAY=-1FR;COUNT=6",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=6",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=29;COUNT=1",
        "FREQ=WEEKLY",
    ],
)
def test_rule_is_written_so_that_others_expand_it_alike(make, student, rrule):
    series = make(rrule)
    count = len(lessons(series))
    assert len(check(student)) == Lesson.objects.filter(starts_at__lt=END).count()
    assert len(parse(student).walk("VEVENT")) == 1, count


def test_series_in_utc_has_no_zone(make, student):
    make(zone="UTC")
    assert b"VTIMEZONE" not in build_body(student, NOW)
    assert len(check(student)) == 8


def test_new_zone_names_and_former_ones_are_one(make, student):
    make(zone="Europe/Kiev")
    assert b"TZID:Europe/Kyiv\r\n" in build_body(student, NOW)
    assert len(check(student)) == 8


# Changes of a series


def change(api, tutor, lesson, action, **sent):
    sent = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in sent.items()}
    path = f"/api/lessons/{lesson.pk}/"
    answer = (
        api(tutor).post(f"{path}cancel/", sent)
        if action == "cancel"
        else api(tutor).patch(path, sent)
    )
    assert answer.status_code == 200, answer.content
    return answer


def move(api, tutor, lesson, by, scope):
    times = {"starts_at": lesson.starts_at + by, "ends_at": lesson.ends_at + by}
    return change(api, tutor, lesson, "move", scope=scope, **times)


def test_split_series_is_two_events(api, make, student, tutor):
    made = lessons(make())
    move(api, tutor, made[4], timedelta(days=1, hours=1), "following")
    events = parse(student).walk("VEVENT")
    assert len({event["UID"] for event in events}) == len(events) == 2
    assert len(check(student)) == 8


def test_exceptions_survive_a_move_of_all(api, make, student, tutor):
    made = lessons(make())
    services.reschedule_lesson(tutor=tutor, lesson=made[6], title="Test")
    services.cancel_lesson(lesson=made[2])
    move(api, tutor, made[0], HOUR, "all")
    assert len(check(student)) == 7
    assert [event["STATUS"] for event in overrides(student)] == ["CANCELLED", "CONFIRMED"]


def test_cancelled_rest_ends_the_rule(api, make, student, tutor):
    made = lessons(make())
    change(api, tutor, made[5], "cancel", scope="following")
    assert master(student)["RRULE"]["UNTIL"][0] == made[4].starts_at
    assert len(check(student)) == 5


def test_occurrence_that_changed_last_has_the_sequence_of_its_series(make, student, tutor):
    series = make()
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)  # the database does not live in 2030
    LessonSeries.objects.update(created_at=long_ago, updated_at=long_ago)
    services.reschedule_lesson(tutor=tutor, lesson=lessons(series)[3], title="Test")
    [event] = overrides(student)
    assert event["SEQUENCE"] == master(student)["SEQUENCE"] > 0


@pytest.mark.parametrize("kind", ["this", "following", "all", "cancel", "rename", "leave"])
def test_each_change_of_a_series_changes_the_version(api, make, student, tutor, kind):
    series = make()
    before = load_state(student, NOW).version
    assert load_state(student, NOW).version == before
    lesson = lessons(series)[3]
    alone = {"series": None, "original_starts_at": None}
    changes = {
        "cancel": lambda: change(api, tutor, lesson, "cancel", scope="following"),
        "rename": lambda: change(api, tutor, lesson, "rename", scope="all", title="Sets"),
        "leave": lambda: Lesson.objects.filter(pk=lesson.pk).update(**alone),
    }
    changes.get(kind, lambda: move(api, tutor, lesson, HOUR, kind))()
    assert load_state(student, NOW).version != before


def test_number_of_queries_does_not_grow_with_lessons_and_series(
    make, student, tutor, django_assert_max_num_queries
):
    for hour in (8, 10, 12):
        make("FREQ=WEEKLY;COUNT=4", AUTUMN.replace(hour=hour))
    make_lesson(tutor, student, NOW + WEEK)
    build_body(student, NOW)  # makes the installation id
    with django_assert_max_num_queries(5):
        build_body(student, NOW)
