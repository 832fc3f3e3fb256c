import pytest
from django.utils import timezone

from tests.builders import HOUR, make_classroom, make_lesson


def test_calendar_offers_no_change_to_student(browser, student):
    assert browser(student).get("/calendar/").context["config"]["changeable"] == []


def test_calendar_lists_upcoming_lessons_without_javascript(browser, tutor, student):
    soon = make_lesson(tutor, student, timezone.now() + HOUR, title="Soon")
    page = browser(student).get("/calendar/").content.decode()
    assert f'href="/lessons/{soon.pk}/">Soon' in page


def test_empty_calendar_shows_the_first_step(browser, tutor, student):
    assert "First create a classroom" in browser(tutor).get("/calendar/").content.decode()
    assert "Join your tutor’s classroom" in browser(student).get("/calendar/").content.decode()
    make_classroom(tutor)
    assert "Nobody has joined" in browser(tutor).get("/calendar/").content.decode()


@pytest.mark.parametrize("number", [1, 15])
def test_query_count_does_not_grow_with_lessons(
    number, browser, tutor, student, django_assert_max_num_queries
):
    for i in range(number):
        make_lesson(tutor, student, timezone.now() + HOUR * (2 * i + 1))
    client = browser(tutor)
    with django_assert_max_num_queries(11):
        client.get("/calendar/")


def test_calendar_config_has_the_lesson_url_pattern(browser, tutor):
    config = browser(tutor).get("/calendar/").context["config"]
    assert config["lessonUrl"] == "/lessons/{id}/"
