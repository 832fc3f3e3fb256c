"""The page of an invite link shows the visitor's own time only where it differs."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.any_database]


@pytest.fixture
def link(scene):
    tutor, student = scene.person(role="tutor"), scene.person(role="student")
    start = (timezone.now() + timedelta(minutes=5)).isoformat()
    lesson = scene.lesson(tutor=tutor["id"], student=student["id"], starts_at=start)
    return scene.invite(lesson_id=lesson["id"])["path"]


def test_visitor_in_the_tutors_zone_sees_one_time(visit, link):
    page = visit(locale="uk").page
    page.goto(link)
    expect(page.locator("time[data-local-time]")).not_to_be_empty()
    expect(page.locator("time[data-local-time]")).to_be_hidden()


def test_visitor_in_another_zone_sees_their_own_time_too(visit, link):
    page = visit(locale="uk", timezone_id="America/Toronto").page
    page.goto(link)
    own = page.locator("time[data-local-time]")
    expect(own).to_be_visible()
    assert "Toronto" not in own.inner_text()
