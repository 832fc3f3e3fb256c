"""A term of a group, against a server as `make run` starts it: a weekly series across a clock
change, its changes, and what a calendar feed, mail programs and a browser learn of them."""

import sqlite3
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from apps.lessons.tests.feeds import expand_body
from tests.attendee_calendar import AttendeeCalendar
from tests.browser.scene_client import Scene
from tests.mail_catcher import MailCatcher
from tests.person import Person
from tests.push_service import PushService
from tests.server import DATABASE, start_kreida, stop_kreida
from tests.waiting import wait_until

pytestmark = pytest.mark.any_database

KYIV = ZoneInfo("Europe/Kyiv")
HOUR, WEEK, YEAR = timedelta(hours=1), timedelta(days=7), timedelta(days=365)
LEAD = 5  # minutes before the first lesson at which a student wants to be reminded
MOVED_IN_PREVIEW, SKIPPED, MOVED, REST, CANCELLED = 2, 3, 5, 7, 9  # numbers of lessons


class Attendee(Person):
    def lessons(self, start):
        """The starts that the calendar shows in the year from `start`."""
        times = {"from": start.isoformat(), "to": (start + YEAR).isoformat()}
        answer = self.client.get("/api/lessons", params=times)
        return [instant(one["starts_at"]) for one in answer.json()["results"]]


class Town:
    """A server that mails to `mail`, with a tutor, two students, and whatever they need."""

    def __init__(self, server, mail, push):
        self.server, self.mail, self.push = server, mail, push
        scene = Scene(server.data_dir)
        self.tutor = Attendee(server, scene.person(role="tutor", timezone="Europe/Kyiv"))
        olena = {"first_name": "Олена", "locale": "uk", "timezone": "Europe/Kyiv"}
        max_ = {"first_name": "Max", "locale": "en", "timezone": "America/Toronto"}
        self.students = [
            Attendee(server, scene.person(role="student", **one)) for one in (olena, max_)
        ]
        ids = [student.id for student in self.students]
        scene.classroom(tutor=self.tutor.id, students=ids)
        scene.process.stdin.close()
        scene.process.wait(10)

    def run_jobs(self):
        """Let the worker do now what it does every minute."""
        with sqlite3.connect(self.server.data_dir / DATABASE, timeout=20) as database:
            database.execute("UPDATE common_periodicjob SET due_at = '2026-01-01 00:00:00'")


@pytest.fixture
def town(tmp_path, kreida_seed):
    mail = MailCatcher()
    with PushService() as push:
        server = start_kreida(tmp_path, kreida_seed, EMAIL_URL=mail.url, PUSH_SERVICES="any")
        yield Town(server, mail, push)
        stop_kreida(server)
    mail.stop()


def instant(text):
    return datetime.fromisoformat(text)


def find_clock_change(start):
    """The number of the first weekly lesson after the next clock change in Kyiv."""
    offset = start.astimezone(KYIV).utcoffset()
    return next(n for n in range(60) if (start + n * WEEK).astimezone(KYIV).utcoffset() != offset)


def weekly(start, number):
    """Starts of lessons that keep their clock time in Kyiv, by calendar arithmetic alone."""
    local = start.astimezone(KYIV).replace(tzinfo=None)
    return [(local + n * WEEK).replace(tzinfo=KYIV).astimezone(UTC) for n in range(number)]


def plan_series(town, start):
    """The request for a series, with its two clashes resolved as its preview names them."""
    number = max(find_clock_change(start), CANCELLED) + 3
    expected = weekly(start, number)
    for clash in (MOVED_IN_PREVIEW, SKIPPED):
        times = {"starts_at": expected[clash], "ends_at": expected[clash] + HOUR}
        sent = {name: when.isoformat() for name, when in times.items()}
        body = {"student_id": town.students[0].id, **sent}
        town.tutor.call("POST", "/api/lessons/", body, status=201)
    local = [one.astimezone(KYIV) for one in expected]
    body = {
        "student_ids": [student.id for student in town.students],
        "title": "Вектори",
        "starts_at": f"{local[0]:%Y-%m-%dT%H:%M:%S}",
        "duration_minutes": 60,
        "rrule": f"FREQ=WEEKLY;COUNT={number}",
        "timezone": "Europe/Kyiv",
    }
    seen = town.tutor.call("POST", "/api/lesson-series/preview/", body)
    assert [instant(one["starts_at"]) for one in seen["occurrences"]] == expected
    assert {change["student_id"] for change in seen["zone_changes"]} == {town.students[1].id}
    clashes = [n for n, one in enumerate(seen["occurrences"]) if one["conflict"]]
    assert clashes == [MOVED_IN_PREVIEW, SKIPPED]
    refused = town.tutor.call("POST", "/api/lesson-series/", body, status=409)
    assert len(refused["conflicts"]) == 2
    moved = local[MOVED_IN_PREVIEW].replace(tzinfo=None) + 3 * HOUR
    body["moved"] = [
        {"date": f"{local[MOVED_IN_PREVIEW]:%Y-%m-%d}", "starts_at": f"{moved:%Y-%m-%dT%H:%M:%S}"}
    ]
    body["skip_dates"] = [f"{local[SKIPPED]:%Y-%m-%d}"]
    seen = town.tutor.call("POST", "/api/lesson-series/preview/", body)
    assert not any(one["conflict"] for one in seen["occurrences"])
    expected[MOVED_IN_PREVIEW] = moved.replace(tzinfo=KYIV).astimezone(UTC)
    return body, dict(enumerate(expected))


def change_series(town, series, expected):
    """Move one lesson, move all from another on by half an hour, cancel one."""
    path = f"/api/lesson-series/{series['id']}/lessons/?limit=100"
    found = town.tutor.call("GET", path)["results"]
    by_start = {instant(one["starts_at"]): one for one in found}
    lessons = {number: by_start[start] for number, start in expected.items()}

    def move(number, by, scope):
        times = {name: instant(lessons[number][name]) + by for name in ("starts_at", "ends_at")}
        sent = {name: when.isoformat() for name, when in times.items()}
        town.tutor.call("PATCH", f"/api/lessons/{lessons[number]['id']}/", {"scope": scope, **sent})

    move(MOVED, HOUR, "this")
    expected[MOVED] += HOUR
    move(REST, HOUR / 2, "following")
    for number in expected:
        if number >= REST:
            expected[number] += HOUR / 2
    town.tutor.call("POST", f"/api/lessons/{lessons[CANCELLED]['id']}/cancel/", {"reason": "Свято"})
    del expected[CANCELLED]


def read_feed(person, start):
    url = person.call("GET", "/api/me/feed/")["url"]
    answer = httpx.get(url, timeout=60)
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    again = httpx.get(url, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    found = expand_body(answer.content, start - HOUR, start + YEAR)
    return [begin for begin, _end, _summary in found]


def test_term_of_a_group_in_calendar_feed_mail_and_reminder(town):
    olena, max_ = town.students
    sent = {"email": True, "reminders_minutes": [LEAD]}
    olena.call("PUT", "/api/me/notifications/", sent)
    subscription = {"endpoint": town.push.endpoint, "keys": town.push.browser.keys}
    assert olena.call("PUT", "/api/me/push/", subscription)["subscribed"]
    first = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=LEAD, seconds=30)

    body, expected = plan_series(town, first)
    series = town.tutor.call("POST", "/api/lesson-series/", body, status=201)
    del expected[SKIPPED]
    change_series(town, series, expected)

    clashes = [weekly(first, 4)[number] for number in (MOVED_IN_PREVIEW, SKIPPED)]
    of_group = sorted(expected.values())
    offsets = {one.astimezone(KYIV).utcoffset() for one in of_group}
    assert len(offsets) == 2  # the clocks change within the series
    shown = {town.tutor: sorted([*of_group, *clashes]), olena: sorted([*of_group, *clashes])}
    shown[max_] = of_group
    for person, starts in shown.items():
        assert person.lessons(first - HOUR) == starts
        assert read_feed(person, first) == starts

    wait_until(lambda: datetime.now(UTC) > first - timedelta(minutes=LEAD))
    town.run_jobs()
    message, _headers = town.push.received.get(timeout=60)
    lesson = olena.call("GET", f"/api/lesson-series/{series['id']}/lessons/?limit=1")["results"][0]
    assert message["url"] == f"/lessons/{lesson['id']}/"
    assert f"{first.astimezone(KYIV):%H:%M}" in message["title"]
    assert message["title"].startswith("Урок: ")
    check_mail(town, first, shown)


def check_mail(town, first, shown):
    """The students' mail programs show the lessons that they have; one of them was reminded."""
    # Olena: two clashes, a series, three changes and a reminder; Max: a series and three changes.
    for student, number in zip(town.students, (7, 4), strict=True):

        def arrived(address=student.email):
            return [each for each in town.mail.messages if each["To"] == address]

        wait_until(lambda found=arrived, wanted=number: len(found()) >= wanted)
        assert len(arrived()) == number
        calendar = AttendeeCalendar()
        methods = [calendar.receive(message) for message in arrived()]
        assert calendar.list_starts(first - HOUR, first + YEAR) == shown[student]
        assert ["CANCEL"] in methods
    [reminder] = [each for each in town.mail.messages if each["List-Unsubscribe"]]
    assert reminder["To"] == town.students[0].email
    assert reminder["Subject"].strip().startswith("Нагадування: ")
