"""`sequence` and `updated_at` of a lesson, which the database keeps."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.lessons import services
from apps.lessons.models import Lesson
from tests.builders import HOUR, NOON, make_lesson


@pytest.fixture
def aged(lesson):
    """The lesson, last changed long ago; the sequence may be raised, and `updated_at` follows."""
    assert lesson.sequence == 0
    assert timezone.now() - lesson.updated_at < timedelta(minutes=1)
    return lesson


def stored(lesson):
    return Lesson.objects.values_list("sequence", flat=True).get(pk=lesson.pk)


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Sets"},
        {"starts_at": NOON + HOUR / 4},
        {"ends_at": NOON + 2 * HOUR},
        {"status": "cancelled"},
    ],
)
def test_change_that_calendars_show_raises_sequence(aged, change):
    before = Lesson.objects.get(pk=aged.pk).updated_at
    Lesson.objects.filter(pk=aged.pk).update(**change)
    after = Lesson.objects.get(pk=aged.pk)
    assert after.sequence == 1
    assert after.updated_at > before


def test_other_student_raises_sequence(aged, stranger):
    Lesson.objects.filter(pk=aged.pk).update(student=stranger)
    assert stored(aged) >= 1  # the participant's trigger may count it as well


@pytest.mark.parametrize(
    "change",
    [{"status": "completed"}, {"title": ""}, {"allow_overlap": True}, {"invite_generation": 5}],
)
def test_change_that_calendars_do_not_show_keeps_sequence(aged, change):
    Lesson.objects.filter(pk=aged.pk).update(**change)
    after = Lesson.objects.get(pk=aged.pk)
    assert (after.sequence, after.updated_at) == (0, aged.updated_at)


def test_instance_read_earlier_does_not_lower_sequence(aged):
    stale = Lesson.objects.get(pk=aged.pk)
    Lesson.objects.filter(pk=aged.pk).update(title="Sets")
    newer = Lesson.objects.get(pk=aged.pk)
    stale.title = newer.title
    stale.save()
    after = Lesson.objects.get(pk=aged.pk)
    assert (after.sequence, after.updated_at) == (1, newer.updated_at)
    stale.title = "Groups"
    stale.save()
    assert stored(aged) == 2


def test_sequence_may_be_raised_by_itself(aged):
    """As a change of the participants does."""
    Lesson.objects.filter(pk=aged.pk).update(sequence=7)
    after = Lesson.objects.get(pk=aged.pk)
    assert after.sequence == 7
    assert after.updated_at > aged.updated_at


def test_update_of_several_lessons_raises_each(aged, tutor, student):
    other = make_lesson(tutor, student, NOON + 5 * HOUR)
    Lesson.objects.filter(pk=other.pk).update(title="Sets")
    Lesson.objects.update(title="Graphs")
    assert (stored(aged), stored(other)) == (1, 2)


def test_services_raise_sequence(aged, tutor):
    services.reschedule_lesson(tutor=tutor, lesson=aged, starts_at=NOON + HOUR / 2, title="Sets")
    assert (aged.sequence, stored(aged)) == (1, 1)
    services.reschedule_lesson(tutor=tutor, lesson=aged, title="Sets")
    assert stored(aged) == 1
    services.cancel_lesson(lesson=aged)
    assert (aged.sequence, stored(aged)) == (2, 2)


def test_student_who_joins_leaves_or_cancels_raises_sequence(aged, stranger):
    other = aged.participants.create(student=stranger)
    assert stored(aged) == 1
    rows = aged.participants.filter(pk=other.pk)
    rows.update(status="attended")
    assert stored(aged) == 1
    rows.update(status="late_cancelled")
    assert stored(aged) == 2
    rows.update(status="cancelled")
    assert stored(aged) == 2
    rows.delete()
    assert stored(aged) == 3


def test_lesson_with_participants_can_be_deleted(aged):
    aged.session.delete()
    Lesson.objects.filter(pk=aged.pk).delete()
    assert not Lesson.objects.exists()
