"""The strip with a student's next lesson of the day."""

import pytest
from django.utils import timezone

from apps.web.shared.next_lesson import find_next_lesson
from tests.builders import HOUR, MINUTE, NOON, make_lesson


@pytest.mark.parametrize(
    ("before", "may_join", "is_running"),
    [(5 * HOUR, False, False), (15 * MINUTE, True, False), (-30 * MINUTE, True, True)],
)
def test_next_lesson_of_the_day_can_be_joined_when_it_is_about_to_start(
    before, may_join, is_running, tutor, student
):
    lesson = make_lesson(tutor, student)
    make_lesson(tutor, student, NOON + 3 * HOUR)
    found = find_next_lesson(student, NOON - before)
    assert (found.lesson, found.may_join, found.is_running) == (lesson, may_join, is_running)
    assert find_next_lesson(tutor, NOON - before) is None


def test_lesson_of_another_day_is_not_shown(tutor, student):
    make_lesson(tutor, student)
    assert find_next_lesson(student, NOON - 20 * HOUR) is None
    assert find_next_lesson(student, NOON + 2 * HOUR) is None


def test_every_page_of_the_day_begins_with_the_next_lesson(browser, tutor, student, classroom):
    lesson = make_lesson(tutor, student, timezone.now() - 5 * MINUTE)
    for path in ("/calendar/", "/classrooms/", "/settings/", f"/lessons/{lesson.pk}/"):
        page = browser(student).get(path).content.decode()
        strip = page.partition("<aside")[2].partition("</aside>")[0]
        assert f'href="/lessons/{lesson.pk}/room/">Join' in strip, path
        assert f"Lesson with {tutor.get_full_name()}" in strip
        assert "<aside" not in browser(tutor).get(path).content.decode()
