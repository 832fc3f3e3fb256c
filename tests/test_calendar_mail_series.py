"""After each change of a series, the calendar that a student's mail program keeps has the lessons
that the student has."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from apps.common import mail_queue
from apps.lessons.models import Lesson
from tests.attendee_calendar import AttendeeCalendar
from tests.builders import HOUR, make_classroom, make_user, without_year
from tests.mail_catcher import MailCatcher

pytestmark = pytest.mark.django_db

# Mondays at 17:00 in Kyiv: 14:00 UTC in summer, 15:00 UTC from 27 October 2030 on.
SUMMER = datetime(2030, 10, 14, 14, tzinfo=UTC)
SPAN = (SUMMER - timedelta(days=30), SUMMER + timedelta(days=120))


@pytest.fixture
def catcher(settings):
    caught = MailCatcher()
    settings.EMAIL_URL = caught.url
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", caught.port
    settings.MAIL_TRANSPORT = "apps.common.smtp.SmtpTransport"
    settings.EMAIL_BACKEND = "apps.common.mail_queue.QueueBackend"
    yield caught
    caught.stop()


@pytest.fixture
def students(tutor):
    found = [
        make_user("student", "Олена", "Коваль", locale="uk", timezone="Europe/Kyiv"),
        make_user("student", "Max", "Power", locale="en", timezone="America/Toronto"),
    ]
    make_classroom(tutor, *found)
    return found


class School:
    """The tutor's client, and the calendars that the students keep by their mail."""

    def __init__(self, client, students, catcher, capture):
        self.client, self.catcher, self.capture = client, catcher, capture
        self.calendars = {student: AttendeeCalendar() for student in students}
        self.methods = {}

    def call(self, method, path, body=None, **params):
        self.catcher.messages.clear()
        query = "&".join(f"{key}={value}" for key, value in params.items())
        with self.capture(execute=True):
            answer = getattr(self.client, method)(f"{path}?{query}", body or {})
        assert answer.status_code < 300, answer.content
        mail_queue.send_queued(timezone.now())
        self.methods = {}
        for student, calendar in self.calendars.items():
            mails = [each for each in self.catcher.messages if each["To"] == student.email]
            assert len(mails) <= 1
            for message in mails:
                self.methods[student.first_name] = calendar.receive(message)
        return answer

    def check(self):
        """Each calendar shows the lessons that its student has."""
        for student, calendar in self.calendars.items():
            booked = Lesson.objects.booked_for(student).not_cancelled()
            starts = sorted(booked.values_list("starts_at", flat=True))
            assert calendar.list_starts(*SPAN) == starts, student.first_name

    def lessons(self):
        return list(Lesson.objects.not_cancelled().order_by("starts_at"))

    def move(self, lesson, by, scope):
        body = {
            "starts_at": (lesson.starts_at + by).isoformat(),
            "ends_at": (lesson.ends_at + by).isoformat(),
            "scope": scope,
        }
        return self.call("patch", f"/api/lessons/{lesson.pk}/", body)

    def cancel(self, lesson, scope):
        return self.call("post", f"/api/lessons/{lesson.pk}/cancel/", {"scope": scope})


@pytest.fixture
def school(api, tutor, students, catcher, django_capture_on_commit_callbacks):
    made = School(api(tutor), students, catcher, django_capture_on_commit_callbacks)
    body = {
        "student_ids": [student.pk for student in students],
        "title": "Вектори",
        "starts_at": "2030-10-14T17:00:00",
        "timezone": "Europe/Kyiv",
        "duration_minutes": 60,
        "rrule": "FREQ=WEEKLY;BYDAY=MO;COUNT=6",
    }
    made.call("post", "/api/lesson-series/", body)
    return made


def test_series_is_one_mail_with_one_recurring_event(school, students):
    assert school.methods == {"Олена": ["REQUEST"], "Max": ["REQUEST"]}
    for calendar in school.calendars.values():
        [(event,)] = [list(each.values()) for each in calendar.events.values()]
        assert "RRULE" in event
        assert event["ATTENDEE"].params["RSVP"] == "FALSE"
    school.check()


def test_one_occurrence_moves_and_another_is_cancelled(school):
    first, second, *_others = school.lessons()
    school.move(first, 2 * HOUR, "this")
    assert school.methods == {"Олена": ["REQUEST"], "Max": ["REQUEST"]}
    school.check()
    school.cancel(second, "this")
    assert school.methods == {"Олена": ["CANCEL"], "Max": ["CANCEL"]}
    school.check()


def test_all_move_by_one_mail_and_exceptions_stay(school):
    first, second, *_others = school.lessons()
    school.move(second, 5 * HOUR, "this")
    school.move(first, HOUR, "all")
    assert school.methods == {"Олена": ["REQUEST"], "Max": ["REQUEST"]}
    school.check()


def test_following_move_ends_the_earlier_series_in_the_same_mail(school):
    third = school.lessons()[2]
    school.move(third, timedelta(days=1), "following")
    assert school.methods == {"Олена": ["REQUEST"] * 2, "Max": ["REQUEST"] * 2}
    school.check()


@pytest.mark.parametrize(("scope", "method"), [("following", "REQUEST"), ("all", "CANCEL")])
def test_cancelled_occurrences_disappear(school, scope, method):
    school.cancel(school.lessons()[0 if scope == "all" else 2], scope)
    assert school.methods == {"Олена": [method], "Max": [method]}
    school.check()


def test_removed_and_added_student(school, students):
    first = school.lessons()[0]
    path = f"/api/lessons/{first.pk}/students/"
    school.call("delete", f"{path}{students[1].pk}/", scope="all")
    assert school.methods == {"Max": ["CANCEL"]}
    school.check()
    school.call("post", path, {"student_id": students[1].pk, "scope": "all"})
    assert school.methods == {"Max": ["REQUEST"]}
    school.check()


def test_student_removed_from_one_occurrence(school, students):
    second = school.lessons()[1]
    school.call("delete", f"/api/lessons/{second.pk}/students/{students[1].pk}/")
    assert school.methods == {"Max": ["CANCEL"]}
    school.check()


@pytest.mark.parametrize("scope", ["this", "all"])
def test_undone_removal_is_told_to_the_removed_student_alone(school, students, scope):
    second = school.lessons()[1]
    path = f"/api/lessons/{second.pk}/students/{students[1].pk}/"
    answer = school.call("delete", path, scope=scope)
    school.call("post", f"/api/lesson-changes/{answer.headers['Change-Id']}/undo/")
    assert school.methods == {"Max": ["REQUEST"]}
    school.check()


@pytest.mark.parametrize("scope", ["all", "following"])
def test_undone_move_puts_everything_back(school, scope):
    before = [lesson.starts_at for lesson in school.lessons()]
    answer = school.move(school.lessons()[2], HOUR, scope)
    school.check()
    change = answer.headers["Change-Id"]
    school.call("post", f"/api/lesson-changes/{change}/undo/")
    assert [lesson.starts_at for lesson in school.lessons()] == before
    school.check()


def test_series_that_starts_again_replaces_the_former_one_by_one_mail(school, students):
    series = school.lessons()[0].series
    body = {
        "from_date": "2030-10-28",
        "student_ids": [students[0].pk],
        "starts_at": "2030-10-29T18:00:00",
        "timezone": "Europe/Kyiv",
        "duration_minutes": 45,
        "rrule": "FREQ=WEEKLY;BYDAY=TU,TH;COUNT=5",
    }
    answer = school.call("post", f"/api/lesson-series/{series.pk}/restart/", body)
    assert school.methods == {"Олена": ["REQUEST"] * 2, "Max": ["REQUEST"]}
    school.check()
    school.call("post", f"/api/lesson-changes/{answer.headers['Change-Id']}/undo/")
    assert len(school.lessons()) == 6
    school.check()


def test_move_lists_old_and_new_times_in_the_zone_of_the_reader(school):
    school.move(school.lessons()[0], HOUR, "all")
    texts = {
        str(mail["To"]): mail.get_body(("plain",)).get_content() for mail in school.catcher.messages
    }
    for student, line in (
        ("Олена", "14 жовтня, 17:00–18:00 (Київ) → понеділок, 14 жовтня, 18:00–19:00 (Київ)"),
        ("Max", "28 October, 11:00–12:00 (Toronto) → Monday, 28 October, 12:00–13:00 (Toronto)"),
    ):
        [text] = [texts[one.email] for one in school.calendars if one.first_name == student]
        assert line in without_year(text)


def single_lessons(api, tutor, students, catcher, capture, number):
    """Weekly lessons that are no series yet, and the calendars that have them by mail."""
    made = School(api(tutor), students, catcher, capture)
    ids = []
    for week in range(number):
        start = SUMMER + timedelta(days=7 * week) + (HOUR if week > 1 else 0 * HOUR)
        times = {"starts_at": start.isoformat(), "ends_at": (start + HOUR).isoformat()}
        body = {"student_ids": [student.pk for student in students], **times}
        ids.append(made.call("post", "/api/lessons/", body).json()["id"])
    return made, ids


@pytest.mark.parametrize("singles", [1, 2, 3])
def test_single_lessons_that_join_a_series_are_not_shown_twice(
    api, tutor, students, catcher, django_capture_on_commit_callbacks, singles
):
    capture = django_capture_on_commit_callbacks
    school, ids = single_lessons(api, tutor, students, catcher, capture, singles)
    body = {
        "student_ids": [student.pk for student in students],
        "starts_at": "2030-10-14T17:00:00",
        "timezone": "Europe/Kyiv",
        "duration_minutes": 60,
        "rrule": "FREQ=WEEKLY;BYDAY=MO;COUNT=3",
        "lesson_ids": ids,
    }
    answer = school.call("post", "/api/lesson-series/", body)
    expected = ["REQUEST"] + ["CANCEL"] * singles
    assert school.methods == {"Олена": expected, "Max": expected}
    school.check()
    school.call("post", f"/api/lesson-changes/{answer.headers['Change-Id']}/undo/")
    assert len(school.lessons()) == singles
    school.check()


def test_undone_series_leaves_no_lesson_of_another_student(
    api, tutor, students, catcher, django_capture_on_commit_callbacks
):
    """Max is in the new lessons, but not in the single one that joins them."""
    capture = django_capture_on_commit_callbacks
    olena, max_ = students
    school, ids = single_lessons(api, tutor, [olena], catcher, capture, 1)
    school.calendars[max_] = AttendeeCalendar()
    body = {
        "student_ids": [olena.pk, max_.pk],
        "starts_at": "2030-10-14T17:00:00",
        "timezone": "Europe/Kyiv",
        "duration_minutes": 60,
        "rrule": "FREQ=WEEKLY;BYDAY=MO;COUNT=3",
        "lesson_ids": ids,
    }
    answer = school.call("post", "/api/lesson-series/", body)
    school.check()
    school.call("post", f"/api/lesson-changes/{answer.headers['Change-Id']}/undo/")
    assert school.methods == {"Олена": ["REQUEST", "CANCEL"], "Max": ["CANCEL"]}
    school.check()
