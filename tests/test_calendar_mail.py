"""Mail about lessons as it arrives at a mail server, read back by `icalendar`."""

from datetime import timedelta

import pytest
from django.utils import timezone
from icalendar import Calendar

from apps.common import mail_queue
from apps.lessons.calendar_ids import installation_id
from apps.lessons.models import Lesson
from tests.builders import HOUR, make_classroom, make_user, without_year
from tests.mail_catcher import MailCatcher

pytestmark = pytest.mark.django_db

START = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=3)


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
def people(tutor):
    """Two students in two languages and zones, and one without an account."""
    near = make_user("student", "Олена", "Коваль", locale="uk", timezone="Europe/Kyiv")
    far = make_user("student", "Max", "Power", locale="en", timezone="America/Toronto")
    classroom = make_classroom(tutor, near, far)
    return near, far, classroom


@pytest.fixture
def call(api, tutor, catcher, django_capture_on_commit_callbacks):
    """Return a function that calls the API as the tutor and returns the mail it led to, by
    recipient."""

    def call(method, path, body=None):
        catcher.messages.clear()
        with django_capture_on_commit_callbacks(execute=True):
            answer = getattr(api(tutor), method)(path, body or {})
        assert answer.status_code < 300, answer.content
        mail_queue.send_queued(timezone.now())
        by_recipient = {str(message["To"]): message for message in catcher.messages}
        assert len(by_recipient) == len(catcher.messages)
        return by_recipient

    return call


@pytest.fixture
def schedule(call, people):
    def schedule(*students):
        body = {
            "student_ids": [student.pk for student in students],
            "starts_at": START.isoformat(),
            "ends_at": (START + HOUR).isoformat(),
            "title": "Вектори",
        }
        mails = call("post", "/api/lessons/", body)
        return Lesson.objects.get(), mails

    return schedule


def read_parts(message):
    """The text, the HTML and the only event of a message, and its method."""
    assert message.get_content_type() == "multipart/alternative"
    text, html, part = message.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert part.get_content_type() == "text/calendar"
    assert part.get_content_charset() == "utf-8"
    calendar = Calendar.from_ical(part.get_content())
    [event] = calendar.walk("VEVENT")
    method = part.get_param("method")
    assert method == calendar["METHOD"]
    return text.get_content(), html.get_content(), event, method


def test_group_lesson_is_announced_to_each_student_in_their_language_and_zone(schedule, people):
    near, far, _classroom = people
    lesson, mails = schedule(near, far)
    assert set(mails) == {near.email, far.email}
    for student, words in ((near, "Новий урок"), (far, "A lesson with")):
        text, html, event, method = read_parts(mails[student.email])
        assert method == "REQUEST"
        assert text.startswith(words)
        assert f'<html lang="{student.locale}">' in html
        assert event["UID"] == f"lesson-{lesson.pk}@{installation_id()}"
        assert event.start == START
        assert str(event.start.tzinfo) == student.timezone
        assert event["ATTENDEE"] == f"mailto:{student.email}"


def test_students_do_not_learn_each_others_addresses_or_the_tutors(schedule, people, tutor):
    near, far, _classroom = people
    _lesson, mails = schedule(near, far)
    for student, other in ((near, far), (far, near)):
        text, html, event, _method = read_parts(mails[student.email])
        everything = f"{mails[student.email]}{text}{html}{event.to_ical()}"
        assert other.email not in everything
        assert other.last_name not in everything
        assert tutor.email not in everything


def test_move_has_old_and_new_time_and_a_higher_sequence(schedule, people, call):
    near, far, _classroom = people
    lesson, before = schedule(near, far)
    later = START + 2 * HOUR
    body = {"starts_at": later.isoformat(), "ends_at": (later + HOUR).isoformat()}
    mails = call("patch", f"/api/lessons/{lesson.pk}/", body)
    assert set(mails) == {near.email, far.email}
    for email, message in mails.items():
        text, html, event, method = read_parts(message)
        _text, _html, first, _method = read_parts(before[email])
        assert method == "REQUEST"
        assert event["UID"] == first["UID"]
        assert event["SEQUENCE"] > first["SEQUENCE"]
        assert event.start == later
        assert event.DTSTAMP >= first.DTSTAMP
    local = [far.to_local_time(when) for when in (START, later)]
    text, html, _event, _method = read_parts(mails[far.email])
    assert f"Before: {local[0]:%A, %-d %B, %H:%M}" in without_year(text)
    assert f"Now: {local[1]:%A, %-d %B, %H:%M}" in without_year(html)


def test_cancellation_has_the_reason_and_a_cancel_part(schedule, people, call):
    near, _far, _classroom = people
    lesson, _mails = schedule(near)
    mails = call("post", f"/api/lessons/{lesson.pk}/cancel/", {"reason": "Немає світла"})
    text, html, event, method = read_parts(mails[near.email])
    assert (method, event["STATUS"]) == ("CANCEL", "CANCELLED")
    assert event["SEQUENCE"] == Lesson.objects.get().sequence
    assert "Немає світла" in text
    assert "Немає світла" in html


def test_removed_student_alone_gets_a_cancel_part(schedule, people, call):
    near, far, _classroom = people
    lesson, _mails = schedule(near, far)
    mails = call("delete", f"/api/lessons/{lesson.pk}/students/{far.pk}/")
    assert set(mails) == {far.email}
    _text, _html, event, method = read_parts(mails[far.email])
    assert method == "CANCEL"
    assert "STATUS" not in event
    assert event["SEQUENCE"] > 0


def test_added_student_alone_is_invited(schedule, people, call):
    near, far, _classroom = people
    lesson, _mails = schedule(near)
    mails = call("post", f"/api/lessons/{lesson.pk}/students/", {"student_id": far.pk})
    assert set(mails) == {far.email}
    assert read_parts(mails[far.email])[3] == "REQUEST"


def test_html_has_no_markup_of_users_and_nothing_remote(schedule, people, call):
    near, _far, _classroom = people
    lesson, _mails = schedule(near)
    Lesson.objects.update(title='<img src="https://evil.example/x">')
    mails = call("post", f"/api/lessons/{lesson.pk}/cancel/", {"reason": "<script>1</script>"})
    _text, html, _event, _method = read_parts(mails[near.email])
    assert "<img" not in html
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "url(" not in html


def test_mail_says_that_it_was_sent_automatically(schedule, people):
    near, _far, _classroom = people
    _lesson, mails = schedule(near)
    assert mails[near.email]["Auto-Submitted"] == "auto-generated"
