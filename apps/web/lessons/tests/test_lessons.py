from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from apps.lessons.invites import read_invite
from apps.lessons.models import Lesson
from tests.builders import HOUR, NOON, make_classroom, make_lesson, make_user, without_year


def form_data(student, **changes):
    fields = {"student": student.pk, "date": "2026-03-02", "time": "14:00", "minutes": "60"}
    return {**fields, "title": "Sets", **changes}


def test_lesson_is_scheduled_in_the_tutors_time_zone(browser, tutor, student, classroom):
    response = browser(tutor).post("/lessons/new/", form_data(student))
    lesson = Lesson.objects.get()
    assert response.url == f"/lessons/{lesson.pk}/"
    assert (lesson.starts_at, lesson.ends_at) == (NOON, NOON + HOUR)
    assert lesson.session.uuid


def test_student_is_chosen_from_the_list(browser, tutor, student, classroom):
    client = browser(tutor)
    link = f"/lessons/new/?student={student.pk}"
    assert f'href="{link}"' in client.get("/students/").content.decode()
    page = client.get(link).content.decode()
    assert f'name="student" value="{student.pk}"' in page
    assert 'type="date" name="date" value="20' in page or 'name="date" value="20' in page


@pytest.mark.parametrize("wrong", ["0", "999", "abc", "٣", "9" * 40])
def test_lesson_with_unknown_student_is_forbidden(wrong, browser, tutor, classroom):
    assert browser(tutor).get(f"/lessons/new/?student={wrong}").status_code == 403


def test_conflict_is_shown_with_its_time_and_can_be_overridden(browser, tutor, student, classroom):
    make_lesson(tutor, student)
    client = browser(tutor)
    response = client.post("/lessons/new/", form_data(student, time="14:30"))
    page = response.content.decode()
    assert response.status_code == 409
    assert "2 March, 14:00–15:00" in without_year(page)
    assert 'name="allow_overlap"' in page
    assert 'value="Sets"' in page
    client.post("/lessons/new/", form_data(student, time="14:30", allow_overlap="on"))
    assert Lesson.objects.count() == 2


@pytest.mark.parametrize("overlap", [{}, {"allow_overlap": "on"}])
def test_form_submitted_twice_creates_one_lesson(overlap, browser, tutor, student, classroom):
    client = browser(tutor)
    page = client.get(f"/lessons/new/?student={student.pk}").content.decode()
    once = page.partition('name="once" value="')[2].partition('"')[0]
    sent = form_data(student, once=once, **overlap)
    responses = [client.post("/lessons/new/", sent).url for _ in range(2)]
    assert responses == [f"/lessons/{Lesson.objects.get().pk}/"] * 2
    client.post("/lessons/new/", {**sent, "time": "18:00"})
    assert Lesson.objects.count() == 2


def test_invisible_title_is_empty(browser, tutor, student, classroom):
    browser(tutor).post("/lessons/new/", form_data(student, title="\u200b\u2060"))
    assert Lesson.objects.get().title == ""


def test_title_has_no_direction_or_control_characters(browser, tutor, student, classroom):
    browser(tutor).post("/lessons/new/", form_data(student, title="\u202eОб’єм\u2069\x07№1"))
    assert Lesson.objects.get().title == "Об’єм №1"


def test_override_is_not_offered_without_conflict(browser, tutor, student, classroom):
    page = browser(tutor).get(f"/lessons/new/?student={student.pk}").content.decode()
    assert "allow_overlap" not in page


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"date": "2026-03-29", "time": "03:30"},
            "The clocks go forward that day and skip this time.",
        ),
        ({"date": "2026-02-30"}, "Enter a valid date."),
        ({"date": "0001-01-01"}, "The year must be between 2000 and 2199."),
        ({"minutes": "5"}, "Must be one of: 15 minutes, "),
        ({"time": ""}, "This field is required."),
    ],
)
def test_errors_are_shown_in_the_form(changes, sentence, browser, classroom):
    student = classroom.memberships.get().student
    response = browser(classroom.tutor).post("/lessons/new/", form_data(student, **changes))
    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert not Lesson.objects.exists()


def test_classroom_can_be_chosen_among_the_shared(browser, tutor, student, classroom):
    other = make_classroom(tutor, student, name="Geometry")
    browser(tutor).post("/lessons/new/", form_data(student, classroom=other.pk))
    assert Lesson.objects.get().classroom == other


def test_edit_keeps_an_unusual_duration(browser, tutor, student, classroom):
    lesson = make_lesson(tutor, student, length=timedelta(minutes=55))
    client = browser(tutor)
    page = client.get(f"/lessons/{lesson.pk}/edit/").content.decode()
    assert '<option value="55" selected>55 minutes</option>' in page
    client.post(f"/lessons/{lesson.pk}/edit/", form_data(student, time="16:00", minutes="55"))
    lesson.refresh_from_db()
    assert lesson.starts_at == NOON + 2 * HOUR


def test_cancelled_lesson_cannot_be_moved(browser, tutor, student, classroom):
    lesson = make_lesson(tutor, student, status="cancelled")
    response = browser(tutor).post(f"/lessons/{lesson.pk}/edit/", form_data(student), follow=True)
    assert "This lesson was cancelled." in response.content.decode()


CHANGES = ("edit/", "cancel/", "invite/")


@pytest.mark.parametrize(
    ("status", "hours", "offered"),
    [
        ("scheduled", 24, ["edit/", "cancel/", "invite/", "invites/revoke/"]),
        (
            "scheduled",
            -1.25,
            ["edit/", "invite/", "invites/revoke/", "outcome/"],
        ),  # ended 15 minutes ago
        ("scheduled", -24, ["edit/", "invites/revoke/", "outcome/"]),
        ("completed", -24, ["invites/revoke/"]),
        ("cancelled", 24, []),
    ],
)
def test_lesson_page_offers_what_can_still_be_done(status, hours, offered, browser, tutor, student):
    lesson = make_lesson(tutor, student, timezone.now() + hours * HOUR, status=status)
    client = browser(tutor)
    page = client.get(f"/lessons/{lesson.pk}/").content.decode()
    every = ("edit/", "cancel/", "invite/", "invites/revoke/", "outcome/")
    assert [one for one in every if f'"/lessons/{lesson.pk}/{one}"' in page] == offered
    changeable = client.get("/calendar/").context["config"]["changeable"]
    assert (status in changeable) == ("edit/" in offered)


@pytest.mark.parametrize("change", CHANGES)
def test_stale_page_of_ended_lesson_changes_nothing(change, browser, tutor, student):
    lesson = make_lesson(tutor, student, status="completed")
    sent = form_data(student, time="16:00", ttl_seconds="3600")
    response = browser(tutor).post(f"/lessons/{lesson.pk}/{change}", sent, follow=True)
    page = response.content.decode()
    assert "This lesson is over." in page
    assert "invite-url" not in page
    lesson.refresh_from_db()
    assert (lesson.starts_at, lesson.status) == (NOON, "completed")


def test_lesson_page_shows_both_time_zones(browser, tutor, classroom):
    abroad = make_user("student", timezone="America/Toronto")
    make_classroom(tutor, abroad)
    lesson = make_lesson(tutor, abroad, datetime(2027, 1, 11, 15, tzinfo=UTC))
    page = browser(tutor).get(f"/lessons/{lesson.pk}/").content.decode()
    assert "17:00–18:00" in page
    assert "10:00–11:00" in page
    assert "10:00–11:00" in browser(abroad).get(f"/lessons/{lesson.pk}/").content.decode()


def test_cancellation_reason_is_shown_to_student(browser, tutor, student, coming_lesson):
    browser(tutor).post(f"/lessons/{coming_lesson.pk}/cancel/", {"reason": "<b>ill</b>"})
    page = browser(student).get(f"/lessons/{coming_lesson.pk}/").content.decode()
    assert "&lt;b&gt;ill&lt;/b&gt;" in page
    assert "badge cancelled" in page


def test_cancel_page_asks_for_confirmation(browser, tutor, coming_lesson):
    page = browser(tutor).get(f"/lessons/{coming_lesson.pk}/cancel/").content.decode()
    assert "Cancel this lesson?" in page
    assert f'action="/lessons/{coming_lesson.pk}/cancel/"' in page
    coming_lesson.refresh_from_db()
    assert coming_lesson.status == "scheduled"


def test_too_long_reason_is_refused_and_kept_in_the_form(browser, tutor, coming_lesson):
    reason = "A very long story. " * 30
    response = browser(tutor).post(f"/lessons/{coming_lesson.pk}/cancel/", {"reason": reason})
    assert response.status_code == 400
    page = response.content.decode()
    assert "at most 500 characters" in page
    assert reason in page


def test_revoke_page_asks_for_confirmation(browser, tutor, lesson):
    client = browser(tutor)
    page = client.get(f"/lessons/{lesson.pk}/invites/revoke/").content.decode()
    assert "Revoke all links?" in page
    lesson.refresh_from_db()
    assert lesson.invite_generation == 0
    client.post(f"/lessons/{lesson.pk}/invites/revoke/")
    lesson.refresh_from_db()
    assert lesson.invite_generation == 1


def test_lesson_page_offers_no_change_to_student(browser, student, lesson):
    page = browser(student).get(f"/lessons/{lesson.pk}/").content.decode()
    assert f"/lessons/{lesson.pk}/board/" in page
    for change in ("edit/", "cancel/", "invite/", "invites/revoke/"):
        assert f"/lessons/{lesson.pk}/{change}" not in page


def test_invite_link_is_created_shown_and_revoked(browser, tutor, coming_lesson):
    client = browser(tutor)
    path = f"/lessons/{coming_lesson.pk}/"
    page = client.post(f"{path}invite/", {"ttl_seconds": "3600"}, follow=True).content.decode()
    url = page.partition('readonly value="')[2].partition('"')[0]
    assert read_invite(url.rpartition("/")[2]).lesson == coming_lesson
    assert "Works until " in page
    assert url not in client.post(f"{path}invites/revoke/", follow=True).content.decode()


def test_invite_link_works_until_the_lesson_has_ended(browser, tutor, student, classroom):
    """Also of a lesson that is further away than the longest other choice."""
    for days in (5, 60):
        lesson = make_lesson(tutor, student, timezone.now() + days * 24 * HOUR)
        client = browser(tutor)
        page = client.get(f"/lessons/{lesson.pk}/").content.decode()
        default = page.partition('name="ttl_seconds"')[2].partition("selected")[0]
        ttl = default.rpartition('value="')[2].partition('"')[0]
        page = client.post(f"/lessons/{lesson.pk}/invite/", {"ttl_seconds": ttl}, follow=True)
        token = page.content.decode().partition('readonly value="')[2].partition('"')[0]
        expires = read_invite(token.rpartition("/")[2]).claims.exp
        over_by = expires - lesson.ends_at.timestamp()
        assert 0 < over_by <= 30 * 60


def test_invite_link_is_not_shown_in_another_session(browser, tutor, coming_lesson):
    browser(tutor).post(f"/lessons/{coming_lesson.pk}/invite/", {"ttl_seconds": "3600"})
    assert "invite-url" not in browser(tutor).get(f"/lessons/{coming_lesson.pk}/").content.decode()


def test_missing_lesson_is_not_found(browser, tutor):
    response = browser(tutor).get("/lessons/999999999999999999999/")
    assert response.status_code == 404
    assert "Lesson not found" in response.content.decode()


def test_lesson_log_shows_attendance_and_chat(browser, tutor, student, lesson):
    from uuid import uuid4

    from apps.classroom.models import Attendance, ChatMessage

    room = lesson.session
    Attendance.objects.create(
        session=room,
        peer=uuid4(),
        person=f"u{student.pk}",
        name="Олена Коваль",
        role="student",
        joined_at=NOON,
        seen_at=NOON + HOUR,
        left_at=NOON + HOUR,
    )
    ChatMessage.objects.create(
        session=room,
        uuid=uuid4(),
        person=f"u{student.pk}",
        name="Олена Коваль",
        role="student",
        text="<i>так</i>",
        sent_at=NOON,
    )
    for person in (tutor, student):
        page = browser(person).get(f"/lessons/{lesson.pk}/record/").content.decode()
        assert "&lt;i&gt;так&lt;/i&gt;" in page
        assert page.count("Олена Коваль") >= 2
