"""Tests of a lesson's phase, by status, time and room."""

import pytest

from apps.common.pagination import Page
from apps.lessons.models import Lesson
from apps.lessons.phases import find_phase, find_phases
from apps.lessons.queries import list_students_with_lessons
from tests.builders import HOUR, MINUTE, NOON, make_lesson


@pytest.mark.parametrize(
    ("status", "minutes", "tutor_is_in", "phase"),
    [
        ("scheduled", -16, None, "scheduled"),
        ("scheduled", -15, None, "soon"),
        ("scheduled", 0, None, "running"),
        ("scheduled", 59, False, "running"),
        ("scheduled", 60, None, "not_held"),
        ("scheduled", 60, True, "running"),
        ("scheduled", 60, False, "completed"),
        ("completed", -60, None, "completed"),
        ("cancelled", 0, None, "cancelled"),
    ],
)
def test_phase_follows_status_clock_and_room(status, minutes, tutor_is_in, phase):
    lesson = Lesson(status=status, starts_at=NOON, ends_at=NOON + HOUR)
    assert find_phase(lesson, NOON + minutes * MINUTE, tutor_is_in) == phase


def test_phases_of_lessons_take_one_query(tutor, student, django_assert_num_queries):
    lessons = [make_lesson(tutor, student, NOON + 2 * i * HOUR) for i in range(3)]
    with django_assert_num_queries(0):
        assert set(find_phases(lessons, NOON - HOUR).values()) == {"scheduled"}
    with django_assert_num_queries(2):
        assert set(find_phases(lessons, NOON + 24 * HOUR).values()) == {"not_held"}


def test_lesson_ended_early_is_the_last_one_and_not_the_next(tutor, student):
    lesson = make_lesson(tutor, student)
    lesson.complete(ended_at=NOON + 10 * MINUTE)
    _count, rows = list_students_with_lessons(tutor, "", Page(20, 0), NOON + 20 * MINUTE)
    assert (rows[0]["next"], rows[0]["last"]) == (None, lesson)
