"""The calendar feed over HTTP: its address, its headers and who may read it."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.http import http_date
from icalendar import Calendar

from apps.common.turns import turn
from apps.lessons import services
from apps.lessons.feed import limits, views
from apps.lessons.feed.address import feed_url, rotate_feed
from apps.lessons.feed.selection import select_lessons
from apps.lessons.models import Lesson
from tests.builders import HOUR, make_lesson

DAY = timedelta(days=1)


@pytest.fixture
def fetch(client, settings):
    def get(url, method="get", **headers):
        path = url.removeprefix(settings.PUBLIC_URL)
        return getattr(client, method)(path, headers=headers)

    return get


@pytest.fixture
def events(fetch):
    """Return a function that reads a person's feed and returns its events by UID."""

    def read(user):
        calendar = Calendar.from_ical(fetch(feed_url(user)).content)
        return {event["UID"]: event for event in calendar.walk("VEVENT")}

    return read


@pytest.fixture
def later(monkeypatch):
    """The clock stands a while after the last change; within a second of it no date is exact."""
    now = timezone.now() + timedelta(seconds=5)
    monkeypatch.setattr(views.timezone, "now", lambda: now)


# The address


def test_api_gives_address_of_the_person(api, tutor, coming_lesson, fetch, settings):
    url = api(tutor).get("/api/me/feed/").json()["url"]
    assert url.startswith(f"{settings.PUBLIC_URL}/feeds/{tutor.pk}.0.")
    assert url.endswith(".ics")
    assert fetch(url).status_code == 200


def test_rotated_address_replaces_the_old_one_at_once(api, student, coming_lesson, fetch):
    old = api(student).get("/api/me/feed/").json()["url"]
    new = api(student).post("/api/me/feed/rotate/").json()["url"]
    assert api(student).get("/api/me/feed/").json()["url"] == new
    assert (fetch(old).status_code, fetch(new).status_code) == (404, 200)
    assert rotate_feed(student) not in (old, new)
    assert fetch(new).status_code == 404


def test_rotation_leaves_other_people_alone(student, tutor, fetch):
    url = feed_url(tutor)
    rotate_feed(student)
    assert fetch(url).status_code == 200


def test_feed_of_deactivated_person_is_not_found(student, fetch):
    student.is_active = False
    student.save()
    response = fetch(feed_url(student))
    assert (response.status_code, response.content) == (404, b"Not found.")


def test_forged_address_is_not_found(student, tutor, fetch):
    url = feed_url(student)
    token = url.rpartition("/")[2]
    for forged in (
        token.replace(f"{student.pk}.", f"{tutor.pk}.", 1),
        token.replace(".0.", ".1.", 1),
        token.removesuffix("x.ics")[:-5] + ".ics",
        "x.ics",
        "1.0..ics",
        f"{'9' * 30}.0.abc.ics",
    ):
        assert fetch(url.replace(token, forged)).status_code == 404, forged


def test_address_ends_with_secret_key(student, fetch, settings):
    url = feed_url(student)
    settings.SECRET_KEY = "another-key" * 5
    assert fetch(url).status_code == 404


def test_token_is_not_logged(student, fetch, caplog):
    url = feed_url(student)
    token = url.rpartition("/")[2].removesuffix(".ics")
    with caplog.at_level(logging.DEBUG):
        fetch(url)
        fetch(url.replace(".0.", ".1."))
        rotate_feed(student)
    lines = [f"{record.getMessage()} {vars(record)}" for record in caplog.records]
    assert any("feeds/<str:token>.ics/" in line for line in lines)
    signature = token.rpartition(".")[2]
    assert not [line for line in lines if signature in line and "kreida" in line]


# Requests


def test_get_sends_calendar_without_cookies(student, coming_lesson, fetch):
    response = fetch(feed_url(student))
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    assert response["Cache-Control"].startswith("private")
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["Content-Language"] == student.locale
    assert not response.cookies
    assert "Cookie" not in response["Vary"]


def test_head_has_the_headers_of_get(student, coming_lesson, fetch, later):
    got, head = (fetch(feed_url(student), method) for method in ("get", "head"))
    assert head.content == b""
    for name in ("ETag", "Last-Modified", "Content-Type"):
        assert head[name] == got[name]


def test_post_is_not_allowed(student, fetch):
    assert fetch(feed_url(student), "post").status_code == 405


def test_matching_etag_is_not_modified(student, coming_lesson, fetch):
    first = fetch(feed_url(student))
    same = fetch(feed_url(student), **{"If-None-Match": f'"x", W/{first["ETag"]}'})
    assert (same.status_code, same.content) == (304, b"")
    assert same["ETag"] == first["ETag"]
    assert same["Cache-Control"] == first["Cache-Control"]


def test_etag_wins_over_date(student, coming_lesson, fetch):
    first = fetch(feed_url(student))
    later = http_date(timezone.now().timestamp() + 3600)
    headers = {"If-None-Match": '"other"', "If-Modified-Since": later}
    assert fetch(feed_url(student), **headers).status_code == 200
    headers = {"If-None-Match": first["ETag"], "If-Modified-Since": http_date(0)}
    assert fetch(feed_url(student), **headers).status_code == 304


def test_date_of_last_change_is_not_modified(student, coming_lesson, fetch, later):
    first = fetch(feed_url(student))
    since = {"If-Modified-Since": first["Last-Modified"]}
    assert fetch(feed_url(student), **since).status_code == 304


def test_change_in_the_second_of_a_fetch_is_not_missed(student, tutor, coming_lesson, fetch):
    first = fetch(feed_url(student))
    services.reschedule_lesson(tutor=tutor, lesson=coming_lesson, title="Sets")
    since = {"If-Modified-Since": first["Last-Modified"]}
    assert fetch(feed_url(student), **since).status_code == 200


def test_new_name_of_student_changes_tutors_feed(student, tutor, coming_lesson, fetch):
    before = fetch(feed_url(tutor))
    type(student).objects.filter(pk=student.pk).update(last_name="New")
    after = fetch(feed_url(tutor), **{"If-None-Match": before["ETag"]})
    assert after.status_code == 200
    assert after.content != before.content


@pytest.mark.parametrize("change", ["title", "move", "cancel", "new", "name", "zone", "language"])
def test_each_change_changes_etag_and_body(student, tutor, coming_lesson, fetch, change):
    before = fetch(feed_url(student))
    starts_at = coming_lesson.starts_at
    changes = {
        "title": lambda: services.reschedule_lesson(
            tutor=tutor, lesson=coming_lesson, title="Sets"
        ),
        "move": lambda: services.reschedule_lesson(
            tutor=tutor, lesson=coming_lesson, starts_at=starts_at + HOUR / 2
        ),
        "cancel": lambda: services.cancel_lesson(lesson=coming_lesson),
        "new": lambda: make_lesson(tutor, student, starts_at + 3 * HOUR),
        "name": lambda: type(tutor).objects.filter(pk=tutor.pk).update(last_name="New"),
        "zone": lambda: type(student).objects.filter(pk=student.pk).update(timezone="Asia/Tokyo"),
        "language": lambda: type(student).objects.filter(pk=student.pk).update(locale="en"),
    }
    changes[change]()
    after = fetch(feed_url(student), **{"If-None-Match": before["ETag"]})
    assert after.status_code == 200
    assert after["ETag"] != before["ETag"]
    assert after.content != before.content


def test_not_modified_takes_three_queries(student, coming_lesson, fetch, django_assert_num_queries):
    url = feed_url(student)
    first = fetch(url)
    with django_assert_num_queries(3):
        assert fetch(url, **{"If-None-Match": first["ETag"]}).status_code == 304
    with django_assert_num_queries(3):  # the body comes from the cache
        assert fetch(url).content == first.content


def test_feed_is_limited_by_feed_and_by_address(student, tutor, fetch, settings, monkeypatch):
    settings.THROTTLING = True
    monkeypatch.setattr(limits, "PER_FEED", 2)
    monkeypatch.setattr(limits, "PER_ADDRESS", 4)
    own = [fetch(feed_url(student)) for _ in range(3)]
    assert [response.status_code for response in own] == [200, 200, 429]
    assert 1 <= int(own[-1]["Retry-After"]) <= 60
    assert fetch(feed_url(tutor)).status_code == 200
    assert fetch(feed_url(tutor)).status_code == 429


# Which lessons


def test_feed_has_lessons_from_three_months_back(student, tutor, classroom, events):
    now = timezone.now()
    _old, recent, far = (make_lesson(tutor, student, now + days * DAY) for days in (-94, -90, 700))
    uids = {uid.partition("@")[0] for uid in events(student)}
    assert uids == {f"lesson-{recent.pk}", f"lesson-{far.pk}"}


@pytest.mark.parametrize(("days", "is_kept"), [(0, True), (59, True), (62, False)])
def test_cancelled_lesson_stays_for_60_days(tutor, student, coming_lesson, events, days, is_kept):
    services.cancel_lesson(lesson=coming_lesson)
    Lesson.objects.update(cancelled_at=timezone.now() - days * DAY)
    for person in (tutor, student):
        statuses = [event["STATUS"] for event in events(person).values()]
        assert statuses == (["CANCELLED"] if is_kept else [])


def test_own_cancelled_participation_is_cancelled_for_60_days(
    tutor, student, stranger, coming_lesson, events
):
    coming_lesson.participants.create(student=stranger)
    coming_lesson.participants.filter(student=stranger).update(status="late_cancelled")
    for person, status in ((stranger, "CANCELLED"), (student, "CONFIRMED"), (tutor, "CONFIRMED")):
        [event] = events(person).values()
        assert event["STATUS"] == status
    later = timezone.now() + 62 * DAY
    assert select_lessons(stranger, later).count() == 0
    assert select_lessons(student, later).count() == 1


def test_tutors_summary_follows_the_students(tutor, student, stranger, coming_lesson, events):
    tutor.locale = "en"
    tutor.save()
    coming_lesson.participants.create(student=stranger)
    [event] = events(tutor).values()
    assert event["SUMMARY"] == "Lesson with Some Stranger, Олена Коваль"
    [event] = events(stranger).values()
    assert student.last_name not in event["SUMMARY"] + event["DESCRIPTION"]
    coming_lesson.participants.filter(student=stranger).delete()
    [event] = events(tutor).values()
    assert event["SUMMARY"] == "Lesson with Олена Коваль"


def test_feed_has_nobody_elses_lessons(other_tutor, stranger, coming_lesson, events):
    assert events(other_tutor) == events(stranger) == {}


def test_uid_stays_and_sequence_rises(tutor, student, coming_lesson, events):
    seen = []
    for change in (
        {"title": "Sets"},
        {"starts_at": coming_lesson.starts_at + HOUR / 2},
        {"title": "Groups"},
    ):
        services.reschedule_lesson(tutor=tutor, lesson=coming_lesson, **change)
        seen += events(student).items()
    services.cancel_lesson(lesson=coming_lesson)
    seen += events(student).items()
    assert len({uid for uid, _event in seen}) == 1
    assert [event["SEQUENCE"] for _uid, event in seen] == [1, 2, 3, 4]


def test_requests_for_one_feed_take_turns(fetch, tutor, monkeypatch):
    """Writing a large feed takes a second, and others need the threads."""
    monkeypatch.setattr("apps.common.turns.MAX_WAIT", 0.05)
    held, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with turn(tutor.pk):
            held.set()
            leave.wait(20)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(hold)
        assert held.wait(20)
        refused = fetch(feed_url(tutor))
        leave.set()
    assert (refused.status_code, refused["Retry-After"]) == (429, "1")
    assert fetch(feed_url(tutor)).status_code == 200
