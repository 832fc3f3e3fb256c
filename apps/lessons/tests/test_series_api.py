"""Lesson series through the API: preview, conflicts, zones, limits and what is made."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.classroom.models import ClassroomSession
from apps.lessons.models import Lesson, LessonSeries
from tests.builders import (
    HOUR,
    make_classroom,
    make_lesson,
    make_membership,
    make_placeholder,
    make_user,
)

pytestmark = pytest.mark.django_db

URL = "/api/lesson-series/"
FIRST = datetime(2026, 10, 19, 14, tzinfo=UTC)  # 17:00 in Kyiv
WEEK = timedelta(days=7)


def body(student, **changes):
    return {
        "student_id": student.pk,
        "starts_at": "2026-10-19T17:00",
        "duration_minutes": 60,
        "rrule": "FREQ=WEEKLY;COUNT=4",
        "timezone": "Europe/Kyiv",
        **changes,
    }


def starts(answer):
    return [each["starts_at"] for each in answer.json()["occurrences"]]


def test_series_makes_lessons_with_rooms_across_the_clock_change(api, tutor, classroom, student):
    answer = api(tutor).post(URL, body(student, title=" Algebra "))
    assert answer.status_code == 201
    made = answer.json()
    assert {name: made[name] for name in ("title", "rrule", "timezone", "starts_at")} == {
        "title": "Algebra",
        "rrule": "FREQ=WEEKLY;COUNT=4",
        "timezone": "Europe/Kyiv",
        "starts_at": "2026-10-19T17:00",
    }
    assert (made["duration_minutes"], made["skip_dates"], made["ends_on"]) == (60, [], "2026-11-09")
    assert (made["lessons_count"], [each["id"] for each in made["students"]]) == (4, [student.pk])
    listed = api(student).get(f"{URL}{made['id']}/lessons/").json()
    assert listed["count"] == 4
    assert [each["starts_at"] for each in listed["results"]] == [
        "2026-10-19T14:00:00Z",
        "2026-10-26T15:00:00Z",
        "2026-11-02T15:00:00Z",
        "2026-11-09T15:00:00Z",
    ]
    for lesson in listed["results"]:
        assert (lesson["series_id"], lesson["title"]) == (made["id"], "Algebra")
        assert lesson["original_starts_at"] == lesson["starts_at"]
        assert lesson["session_uuid"]
    assert ClassroomSession.objects.count() == 4


def test_series_of_several_students_is_listed_by_each(api, tutor, student):
    students = [student, make_user("student"), make_user("student")]
    make_classroom(tutor, *students)
    sent = body(student, student_ids=[each.pk for each in students])
    del sent["student_id"]
    series = api(tutor).post(URL, sent).json()
    assert len(series["students"]) == 3
    for each in students:
        assert api(each).get(URL).json()["results"] == [series]
        assert api(each).get(f"{URL}{series['id']}/").json() == series
        assert (
            len(api(each).get("/api/lessons?from=2026-10-01&to=2026-12-01").json()["results"]) == 4
        )


def test_unknown_and_foreign_series_are_told_apart(api, tutor, classroom, student, other_tutor):
    made = api(tutor).post(URL, body(student)).json()
    assert api(other_tutor).get(f"{URL}{made['id']}/").json()["error"] == "forbidden"
    assert api(tutor).get(f"{URL}999999/").json()["error"] == "series_not_found"
    assert api(tutor).get(f"{URL}999999/lessons/").status_code == 404


def test_tutors_time_zone_is_the_default(api, tutor, classroom, student):
    tutor.timezone = "America/New_York"
    tutor.save()
    sent = body(student)
    del sent["timezone"]
    answer = api(tutor).post(f"{URL}preview/", sent)
    assert starts(answer)[0] == "2026-10-19T21:00:00Z"


def test_former_zone_name_is_stored_as_the_current_one(api, tutor, classroom, student):
    made = api(tutor).post(URL, body(student, timezone="Europe/Kiev")).json()
    assert made["timezone"] == "Europe/Kyiv"


def test_preview_names_each_conflict_and_writes_nothing(api, tutor, classroom, student):
    make_lesson(tutor, student, FIRST + WEEK + HOUR)
    answer = api(tutor).post(f"{URL}preview/", body(student))
    assert answer.status_code == 200
    found = answer.json()["occurrences"]
    assert [each["conflict"] is None for each in found] == [True, False, True, True]
    assert "Коваль" in found[1]["conflict"]
    assert (Lesson.objects.count(), LessonSeries.objects.count()) == (1, 0)


def test_conflict_rejects_the_whole_series_and_names_all(api, tutor, classroom, student):
    for weeks in (1, 3):
        make_lesson(tutor, student, FIRST + weeks * WEEK + HOUR)
    answer = api(tutor).post(URL, body(student))
    assert (answer.status_code, answer.json()["error"]) == (409, "lesson_conflict")
    conflicts = answer.json()["conflicts"]
    assert [each["starts_at"] for each in conflicts] == [
        "2026-10-26T15:00:00Z",
        "2026-11-09T15:00:00Z",
    ]
    assert all(set(each) == {"starts_at", "ends_at", "detail"} for each in conflicts)
    assert (Lesson.objects.count(), LessonSeries.objects.count()) == (2, 0)


def test_skip_makes_the_other_lessons_and_remembers_the_skipped(api, tutor, classroom, student):
    make_lesson(tutor, student, FIRST + WEEK + HOUR)
    made = api(tutor).post(URL, body(student, on_conflict="skip")).json()
    assert made["lessons_count"] == 3
    assert made["skipped"] == [{"starts_at": "2026-10-26T15:00:00Z", "reason": "conflict"}]


def test_allow_double_books_the_tutor_only_where_needed(api, tutor, classroom, student):
    make_lesson(tutor, student, FIRST + WEEK + HOUR)
    made = api(tutor).post(URL, body(student, on_conflict="allow")).json()
    assert made["lessons_count"] == 4
    lessons = Lesson.objects.filter(series=made["id"]).in_order()
    assert [each.allow_overlap for each in lessons] == [False, True, False, False]


@pytest.mark.parametrize("choice", [{"on_conflict": "allow"}, {"allow_dates": ["2026-10-26"]}])
def test_student_of_another_tutors_lesson_is_never_double_booked(
    api, tutor, classroom, student, other_tutor, choice
):
    make_lesson(other_tutor, student, FIRST + WEEK + HOUR, title="Secret")
    answer = api(tutor).post(URL, body(student, **choice))
    assert answer.status_code == 409
    [conflict] = answer.json()["conflicts"]
    assert "Коваль" in conflict["detail"]
    assert "Secret" not in answer.content.decode()
    assert "Other" not in answer.content.decode()
    assert Lesson.objects.count() == 1


def test_single_dates_are_moved_allowed_and_skipped(api, tutor, classroom, student):
    for weeks in (1, 2, 3):
        make_lesson(tutor, student, FIRST + weeks * WEEK + HOUR)
    sent = body(
        student,
        moved=[{"date": "2026-10-26", "starts_at": "2026-10-27T18:30"}],
        allow_dates=["2026-11-02"],
        skip_dates=["2026-11-09"],
    )
    made = api(tutor).post(URL, sent).json()
    lessons = Lesson.objects.filter(series=made["id"]).in_order()
    assert [(each.original_starts_at, each.starts_at) for each in lessons] == [
        (FIRST, FIRST),
        (FIRST + WEEK + HOUR, FIRST + WEEK + 26.5 * HOUR),
        (FIRST + 2 * WEEK + HOUR, FIRST + 2 * WEEK + HOUR),
    ]
    assert (made["skip_dates"], made["skipped"]) == (["2026-11-09"], [])


def test_moved_lessons_of_one_series_may_not_overlap(api, tutor, classroom, student):
    moved = [{"date": "2026-10-26", "starts_at": "2026-11-02T17:30"}]
    answer = api(tutor).post(URL, body(student, moved=moved))
    assert answer.status_code == 409
    assert len(answer.json()["conflicts"]) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rrule": "FREQ=YEARLY"}, "rrule"),
        ({"rrule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"}, "rrule"),
        ({"rrule": "FREQ=DAILY;COUNT=401"}, "rrule"),
        ({"rrule": 7}, "rrule"),
        ({"timezone": "Europe/Nowhere"}, "timezone"),
        ({"starts_at": "2026-10-19T17:00Z"}, "starts_at"),
        ({"starts_at": "2026-10-19T17:00+02:00"}, "starts_at"),
        ({"starts_at": "2026-10-19"}, "starts_at"),
        ({"starts_at": "2026-02-30T17:00"}, "starts_at"),
        ({"duration_minutes": 4}, "duration_minutes"),
        ({"duration_minutes": 721}, "duration_minutes"),
        ({"duration_minutes": "60"}, "duration_minutes"),
        ({"skip_dates": ["19.10.2026"]}, "skip_dates"),
        ({"on_conflict": "maybe"}, "on_conflict"),
        ({"allow_dates": ["2026-10-20"]}, "allow_dates"),
        ({"moved": [{"date": "2026-10-20", "starts_at": "2026-10-21T17:00"}]}, "moved"),
        ({"moved": [{"date": "2026-10-19"}]}, "moved"),
        ({"student_ids": [1]}, "student_ids"),
        ({"rrule": "FREQ=DAILY;INTERVAL=366;COUNT=10"}, "starts_at"),
        ({"skip_dates": ["2026-10-19", "2026-10-26", "2026-11-02", "2026-11-09"]}, "rrule"),
    ],
)
@pytest.mark.parametrize("path", [URL, f"{URL}preview/"])
def test_bad_field_is_named(api, tutor, classroom, student, path, changes, field):
    answer = api(tutor).post(path, body(student, **changes))
    if field == "starts_at" and "rrule" in changes and "preview" in path:
        return
    assert (answer.status_code, answer.json()["error"]) == (400, "validation_error")
    assert any(name.split(".")[0] == field for name in answer.json()["fields"])
    assert not LessonSeries.objects.exists()


def test_hours_a_day_are_limited_in_a_series_too(api, tutor, classroom, student):
    now = datetime.now(UTC) + timedelta(days=30)
    day = now.date().isoformat()
    first = body(student, starts_at=f"{day}T00:30", duration_minutes=420)
    assert api(tutor).post(URL, first).status_code == 201
    second = body(student, starts_at=f"{day}T12:30", duration_minutes=420)
    for path in (URL, f"{URL}preview/"):
        answer = api(tutor).post(path, second)
        assert (answer.status_code, answer.json()["error"]) == (400, "validation_error")
        assert "12" in answer.json()["detail"]
    assert LessonSeries.objects.count() == 1


def test_preview_checks_the_years_ahead_as_creating_does(api, tutor, classroom, student):
    start = (datetime.now(UTC) + timedelta(days=7)).strftime("%Y-%m-15T12:00")
    late = body(student, starts_at=start, rrule="FREQ=MONTHLY;COUNT=100")
    fits = body(student, starts_at=start, rrule="FREQ=MONTHLY;COUNT=90")
    for path, made in ((f"{URL}preview/", 200), (URL, 201)):
        assert "eight years" in str(api(tutor).post(path, late).json()["fields"])
        assert api(tutor).post(path, fits).status_code == made


def test_student_who_is_not_a_member_is_refused(api, tutor, classroom, student, stranger):
    sent = body(student, student_ids=[student.pk, stranger.pk])
    del sent["student_id"]
    for path in (URL, f"{URL}preview/"):
        answer = api(tutor).post(path, sent)
        assert (answer.status_code, answer.json()["error"]) == (403, "not_a_member")
    assert not Lesson.objects.exists()


def test_open_series_has_lessons_twelve_months_ahead(api, tutor, classroom, student):
    now = datetime.now(UTC)
    start = (now + timedelta(days=1)).strftime("%Y-%m-%dT00:00")
    made = api(tutor).post(URL, body(student, starts_at=start, rrule="FREQ=WEEKLY")).json()
    assert made["ends_on"] is None
    assert made["lessons_count"] in (52, 53)
    last = Lesson.objects.filter(series=made["id"]).in_order().last()
    assert now + timedelta(days=357) < last.starts_at < now + timedelta(days=367)


def test_repeat_with_the_same_key_returns_the_same_series(api, tutor, classroom, student):
    headers = {"Idempotency-Key": "one"}
    first = api(tutor).post(URL, body(student), headers=headers)
    second = api(tutor).post(URL, body(student), headers=headers)
    assert (second.status_code, second.json()) == (201, first.json())
    other = api(tutor).post(URL, body(student, title="Other"), headers=headers)
    assert other.status_code == 400
    assert Lesson.objects.count() == 4


def test_preview_says_when_the_students_local_time_changes(api, tutor, student):
    student.timezone = "America/Toronto"
    student.save()
    near = make_user("student", timezone="Europe/Warsaw")
    classroom = make_classroom(tutor, student, near)
    placeholder = make_placeholder(classroom)
    sent = body(student, student_ids=[student.pk, near.pk, placeholder.pk])
    del sent["student_id"]
    changes = api(tutor).post(f"{URL}preview/", sent).json()["zone_changes"]
    details = [change.pop("detail") for change in changes]
    common = {"student_id": student.pk, "timezone": "America/Toronto"}
    assert changes == [
        {
            **common,
            "from_date": "2026-10-26",
            "local_time_before": "10:00",
            "local_time_after": "11:00",
        },
        {
            **common,
            "from_date": "2026-11-02",
            "local_time_before": "11:00",
            "local_time_after": "10:00",
        },
    ]
    assert "11:00" in details[0]
    assert "Toronto" in details[0]


def test_students_get_one_mail_about_all_lessons(
    api, tutor, student, settings, django_capture_on_commit_callbacks
):
    settings.EMAIL_URL = "smtp://mail.example"
    classroom = make_classroom(tutor, student)
    make_placeholder(classroom, email="pupil@school.example")
    with django_capture_on_commit_callbacks(execute=True):
        api(tutor).post(URL, body(student, rrule="FREQ=WEEKLY;COUNT=12"))
    [message] = mail.outbox
    assert message.to == [student.email]
    assert message.body.count("17:00") == 10


def test_number_of_queries_does_not_grow_with_lessons(api, tutor, classroom, student):
    def count(rule, start):
        with CaptureQueriesContext(connection) as captured:
            answer = api(tutor).post(URL, body(student, rrule=rule, starts_at=start))
        assert answer.status_code == 201
        return len(captured)

    few = count("FREQ=WEEKLY;COUNT=2", "2026-10-19T17:00")
    # More lessons would need a second INSERT on SQLite, which takes 999 values.
    assert count("FREQ=WEEKLY;COUNT=30", "2026-10-20T17:00") <= few


def test_placeholder_of_a_series_becomes_an_account(api, tutor, student):
    from apps.accounts.placeholders import make_student_link
    from apps.lessons.placeholders import accept_student_link

    placeholder = make_placeholder(make_classroom(tutor))
    made = api(tutor).post(URL, body(placeholder)).json()
    url, _expires_at = make_student_link(placeholder, datetime.now(UTC))
    accept_student_link(token=url.rstrip("/").rpartition("/")[2], student=student)
    series = api(student).get(f"{URL}{made['id']}/").json()
    assert [each["id"] for each in series["students"]] == [student.pk]
    assert api(student).get(f"{URL}{made['id']}/lessons/").json()["count"] == 4


def test_four_hundred_weekly_lessons_are_made_and_no_more(api, tutor, classroom, student):
    start = (datetime.now(UTC) + timedelta(days=7)).strftime("%Y-%m-%dT12:00")
    sent = body(student, starts_at=start, rrule="FREQ=WEEKLY;COUNT=400")
    assert api(tutor).post(URL, sent).json()["lessons_count"] == 400
    late = body(student, starts_at=start, rrule="FREQ=MONTHLY;COUNT=100", on_conflict="skip")
    assert "starts_at" in api(tutor).post(URL, late).json()["fields"]


def test_student_of_a_part_of_a_series_lists_only_these_lessons(api, tutor, classroom, student):
    other = make_user("student")
    make_membership(classroom, other)
    sent = {**body(student), "student_ids": [student.pk, other.pk]}
    del sent["student_id"]
    series = api(tutor).post(URL, sent).json()["id"]
    left, *kept = Lesson.objects.in_order().values_list("pk", flat=True)
    api(tutor).delete(f"/api/lessons/{left}/students/{other.pk}/")
    listed = api(other).get(f"{URL}{series}/lessons/").json()
    assert (listed["count"], [each["id"] for each in listed["results"]]) == (3, kept)
    assert api(tutor).get(f"{URL}{series}/lessons/").json()["count"] == 4
