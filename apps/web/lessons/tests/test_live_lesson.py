"""The lesson's page shows attendance and whether the lesson is live."""

from uuid import uuid4

from django.utils import timezone

from apps.classroom.models import Attendance
from tests.builders import HOUR, MINUTE


def make_attendance(lesson, person, role, left_at=None):
    now = timezone.now()
    return Attendance.objects.create(
        session=lesson.session,
        peer=uuid4(),
        person=f"u{person.pk}",
        name=person.get_full_name(),
        role=role,
        joined_at=now - HOUR,
        seen_at=now,
        left_at=left_at,
    )


def test_lesson_is_live_while_its_tutor_is_in_the_room(browser, tutor, student, lesson):
    make_attendance(lesson, student, "student")
    url = f"/lessons/{lesson.pk}/"
    assert "live now" not in browser(student).get(url).content.decode()
    attendance = make_attendance(lesson, tutor, "tutor")
    for person in (tutor, student):
        assert "live now" in browser(person).get(url).content.decode()
    attendance.left_at = attendance.seen_at
    attendance.save()
    assert "live now" not in browser(student).get(url).content.decode()


def test_lesson_page_shows_attendance_to_those_with_access(browser, tutor, student, lesson):
    url = f"/lessons/{lesson.pk}/"
    assert "Attendance" not in browser(tutor).get(url).content.decode()
    make_attendance(lesson, tutor, "tutor", left_at=timezone.now())
    lesson.complete()
    for person in (tutor, student):
        page = browser(person).get(url).content.decode()
        assert "completed" in page
        assert tutor.get_full_name() in page.split("Attendance")[1]
    lesson.classroom.memberships.update(status="removed")
    assert "Attendance" not in browser(student).get(url).content.decode()


def test_lesson_without_its_tutor_is_not_held_until_the_tutor_says_so(browser, tutor, lesson):
    client = browser(tutor)
    path = f"/lessons/{lesson.pk}/"
    assert "badge not_held" in client.get(path).content.decode()
    page = client.post(f"{path}outcome/", {"held": "1"}, follow=True).content.decode()
    assert "badge completed" in page
    assert f'action="{path}outcome/"' in page  # undo
    page = client.post(f"{path}outcome/", follow=True).content.decode()
    assert "badge not_held" in page


def test_stale_page_does_not_complete_a_lesson_that_its_tutor_is_teaching(
    browser, tutor, student, lesson
):
    make_attendance(lesson, tutor, "tutor")
    make_attendance(lesson, student, "student")
    browser(tutor).post(f"/lessons/{lesson.pk}/outcome/", {"held": "1"})
    lesson.refresh_from_db()
    assert lesson.status == "scheduled"


def test_reconnects_are_one_visit_with_its_minutes(browser, tutor, lesson):
    start = lesson.starts_at
    for first, last in ((0, 10), (15, 40), (44, 44), (58, 59)):
        row = make_attendance(lesson, tutor, "tutor")
        row.joined_at, row.left_at = (start + first * MINUTE, start + last * MINUTE)
        row.seen_at = row.left_at
        row.save()
    for path in ("", "record/"):
        page = browser(tutor).get(f"/lessons/{lesson.pk}/{path}").content.decode()
        visits = page.split("Attendance</h2>")[1].split("</section>")[0]
        assert visits.count("<li>") == 2, path
        assert "14:00–14:44 · 44 min" in visits
        assert "14:58–14:59 · 1 min" in visits
