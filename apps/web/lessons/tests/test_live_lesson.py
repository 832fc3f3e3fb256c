"""The lesson's page shows attendance and whether the lesson is live."""

from uuid import uuid4

from django.utils import timezone

from apps.classroom.models import Attendance
from tests.builders import HOUR


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
