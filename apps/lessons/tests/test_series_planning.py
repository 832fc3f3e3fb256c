"""Overlaps among the dates of one series, before anything is saved."""

from datetime import UTC, datetime

import pytest

from apps.lessons.series.planning import Occurrence, with_conflicts
from tests.builders import HOUR, make_lesson

pytestmark = pytest.mark.django_db
START = datetime(2026, 10, 19, 6, tzinfo=UTC)  # 9:00 in Kyiv


def occurrence(begins, ends):
    start = START + begins * HOUR
    return Occurrence(start, start, START + ends * HOUR)


def details(tutor, *occurrences):
    tutor.locale = "en"
    return [one.detail for one in with_conflicts(tutor, [], occurrences)]


def test_lesson_that_outlasts_the_next_is_named_to_the_one_after(tutor):
    long, short, third = details(tutor, occurrence(0, 10), occurrence(1, 2), occurrence(3, 4))
    assert long is None
    for detail in (short, third):
        assert "another lesson of this series: " in detail
        assert "09:00–19:00" in detail


def test_lessons_that_follow_each_other_do_not_overlap(tutor):
    assert details(tutor, occurrence(0, 1), occurrence(1, 2), occurrence(2, 3)) == [None] * 3


def test_overlap_within_the_series_is_named_beside_another_lesson(tutor, student):
    make_lesson(tutor, student, START + 3 * HOUR)
    _first, second = details(tutor, occurrence(0, 4), occurrence(3, 4))
    assert "You already have a lesson with" in second
    assert "another lesson of this series: " in second
