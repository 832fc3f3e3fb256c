"""Which reminders are chosen: whose, when, once, and which are too late."""

from datetime import time

import pytest
from django.db import IntegrityError, transaction

from apps.lessons.models import Lesson, Participant, Reminder
from apps.lessons.reminders.queue import queue_due
from apps.lessons.reminders.tests.conftest import DAY, HOUR, MINUTE, NOW, queued
from tests.builders import make_lesson, make_placeholder, make_user

pytestmark = pytest.mark.django_db


def test_tutor_and_student_are_reminded_a_day_before(lesson, tutor, student, subscribe):
    subscribe(tutor), subscribe(student)
    queue_due(NOW - MINUTE)
    assert queued() == []
    queue_due(NOW)
    assert queued() == sorted([(tutor.pk, 1440, "push"), (student.pk, 1440, "push")])


def test_hour_before_is_a_reminder_of_its_own(lesson, student, subscribe):
    subscribe(student)
    queue_due(NOW)
    queue_due(NOW + DAY - HOUR)
    assert queued() == [(student.pk, 1440, "push"), (student.pk, 60, "push")]


def test_reminder_is_queued_once(lesson, student, subscribe):
    subscribe(student)
    for seconds in range(3):
        queue_due(NOW + seconds * MINUTE)
    assert len(queued()) == 1


def test_each_browser_gets_its_own(lesson, student, subscribe):
    subscribe(student), subscribe(student)
    queue_due(NOW)
    assert len(queued()) == 2


def test_person_without_a_channel_has_no_reminder(lesson, subscribe):
    queue_due(NOW)
    assert queued() == []


@pytest.mark.parametrize(
    ("late", "count"), [(12 * HOUR - MINUTE, 1), (12 * HOUR, 0), (DAY - HOUR - MINUTE, 0)]
)
def test_late_reminder_is_queued_while_it_is_of_use(lesson, student, subscribe, late, count):
    subscribe(student)
    queue_due(NOW + late)
    assert len(queued(minutes=1440)) == count


def test_hour_before_is_of_use_until_the_lesson_begins(lesson, student, subscribe):
    subscribe(student)
    queue_due(lesson.starts_at)
    assert queued() == []
    queue_due(lesson.starts_at - MINUTE)
    assert queued() == [(student.pk, 60, "push")]


def test_cancelled_lesson_has_no_reminder(lesson, student, subscribe):
    subscribe(student)
    Lesson.objects.update(status="cancelled")
    queue_due(NOW)
    assert queued() == []


def test_moved_lesson_has_reminders_of_its_new_time(lesson, student, subscribe):
    subscribe(student)
    queue_due(NOW)
    Lesson.objects.update(starts_at=lesson.starts_at + DAY, ends_at=lesson.ends_at + DAY)
    queue_due(NOW + HOUR)
    assert len(queued()) == 1
    queue_due(NOW + DAY)
    assert queued() == [(student.pk, 1440, "push")] * 2


def test_lesson_scheduled_at_short_notice_has_no_past_reminder(
    classroom, tutor, student, subscribe
):
    subscribe(student)
    make_lesson(tutor, student, NOW + DAY, updated_at=NOW + MINUTE)
    queue_due(NOW + 2 * MINUTE)
    assert queued() == []
    queue_due(NOW + DAY - HOUR)
    assert queued() == [(student.pk, 60, "push")]


def test_own_times_replace_the_defaults(lesson, student, tutor, subscribe, prefer):
    subscribe(student), subscribe(tutor)
    prefer(student, reminders_minutes=[30, 10])
    prefer(tutor, reminders_minutes=[])
    for minutes in (1440, 60, 30, 10):
        queue_due(lesson.starts_at - minutes * MINUTE)
    assert queued() == [(student.pk, 30, "push"), (student.pk, 10, "push")]


def test_time_that_was_just_chosen_is_not_caught_up_on(lesson, student, subscribe, prefer):
    subscribe(student)
    prefer(student, reminders_minutes=[1440])
    student.notification_settings.__class__.objects.update(updated_at=NOW + HOUR)
    queue_due(NOW + 2 * HOUR)
    assert queued() == []


def test_everybody_in_a_group_but_who_cancelled_is_reminded(
    lesson, student, stranger, other_tutor, subscribe
):
    gone = make_user("student")
    Participant.objects.create(lesson=lesson, student=stranger)
    Participant.objects.create(lesson=lesson, student=gone, status="late_cancelled")
    for person in (student, stranger, gone, other_tutor):
        subscribe(person)
    queue_due(NOW)
    assert queued() == sorted([(student.pk, 1440, "push"), (stranger.pk, 1440, "push")])


def test_placeholder_and_deactivated_account_have_none(classroom, tutor, student, subscribe):
    placeholder = make_placeholder(classroom)
    make_lesson(tutor, placeholder, NOW + DAY)
    make_lesson(tutor, student, NOW + DAY + HOUR)
    subscribe(placeholder), subscribe(student)
    student.is_active = False
    student.save()
    queue_due(NOW + HOUR)
    assert queued() == []


def test_reminder_in_quiet_hours_waits_for_their_end(classroom, tutor, student, subscribe, prefer):
    subscribe(student)
    make_lesson(tutor, student, NOW.replace(hour=3) + DAY)  # 05:00 in Kyiv
    prefer(student, reminders_minutes=[1440], quiet_from=time(22), quiet_to=time(7))
    for hour, count in ((3, 0), (4, 0), (5, 1)):  # in UTC: Kyiv is two hours ahead
        queue_due(NOW.replace(hour=hour))
        assert len(queued()) == count, hour


def test_reminder_of_an_early_lesson_is_sent_before_the_night(
    classroom, tutor, student, subscribe, prefer
):
    subscribe(student)
    make_lesson(tutor, student, NOW.replace(hour=4) + DAY)  # 06:00 in Kyiv
    prefer(student, reminders_minutes=[60], quiet_from=time(22), quiet_to=time(7))
    queue_due(NOW.replace(hour=19, minute=59))
    assert queued() == []
    queue_due(NOW.replace(hour=20))
    assert queued() == [(student.pk, 60, "push")]


def test_database_refuses_the_same_reminder_twice(lesson, student, subscribe):
    subscribe(student)
    queue_due(NOW)
    again = Reminder.objects.get()
    again.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save()


def test_number_of_queries_does_not_grow(
    classroom, tutor, student, subscribe, django_assert_num_queries
):
    subscribe(student)
    for hours in range(-9, 1):
        make_lesson(tutor, student, NOW + DAY + hours * HOUR, HOUR / 2)
    with django_assert_num_queries(6):
        queue_due(NOW)
    assert len(queued()) == 10
