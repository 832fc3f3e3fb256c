"""What the lesson's page tells of its room."""

from uuid import uuid4

from django.utils import timezone

from apps.classroom.models import Attendance
from conftest import HOUR


def entered(lesson, person, role, left_at=None):
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


def test_a_lesson_is_live_while_its_tutor_is_in(browser, tutor, student, lesson):
    entered(lesson, student, "student")
    address = f"/lessons/{lesson.pk}/"
    assert "live now" not in browser(student).get(address).content.decode()
    stay = entered(lesson, tutor, "tutor")
    for person in (tutor, student):
        assert "live now" in browser(person).get(address).content.decode()
    stay.left_at = stay.seen_at
    stay.save()
    assert "live now" not in browser(student).get(address).content.decode()


def test_the_lesson_page_says_who_was_there_to_those_who_may_know(browser, tutor, student, lesson):
    address = f"/lessons/{lesson.pk}/"
    assert "Who was there" not in browser(tutor).get(address).content.decode()
    entered(lesson, tutor, "tutor", left_at=timezone.now())
    lesson.complete()
    for person in (tutor, student):
        page = browser(person).get(address).content.decode()
        assert "completed" in page
        assert tutor.get_full_name() in page.split("Who was there")[1]
    lesson.classroom.memberships.update(status="removed")
    assert "Who was there" not in browser(student).get(address).content.decode()
