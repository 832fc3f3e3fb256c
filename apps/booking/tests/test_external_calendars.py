"""`/api/me/external-calendars/`: files, addresses, refreshes, errors, and what is never fetched."""

import socket
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.booking.calendars import background, fetching, reading, services
from apps.booking.models import BusyTime, ExternalCalendar
from apps.common import outgoing_http
from tests.builders import HOUR

from .test_availability_api import DAY, in_days, local_starts, put, slots
from .test_bookings_api import at, book

pytestmark = pytest.mark.django_db
URL = "/api/me/external-calendars/"


def event(tutor, hour, day=3, extra=""):
    start = at(tutor, hour, day)
    return (
        f"BEGIN:VEVENT\r\nUID:{hour}-{day}\r\nDTSTART:{start:%Y%m%dT%H%M%SZ}\r\nDURATION:PT1H\r\n"
        f"{extra}END:VEVENT\r\n"
    )


def calendar(*events):
    body = "".join(events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{body}END:VCALENDAR\r\n".encode()


def upload(api, tutor, content, name="Google"):
    file = SimpleUploadedFile("busy.ics", content, "text/calendar")
    return api(tutor).post(URL, {"name": name, "file": file}, format="multipart")


class Server(ThreadingHTTPServer):
    """Answers each path by `pages`: a status, headers and a body."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages, self.requests = {}, []
        self.root = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append((self.path, dict(self.headers)))
        status, headers, body = self.server.pages.get(self.path, (404, {}, b""))
        if headers.get("ETag") and self.headers.get("If-None-Match") == headers["ETag"]:
            status, body = 304, b""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args):
        pass


@pytest.fixture
def server(settings):
    settings.EXTERNAL_CALENDARS = "any"
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_uploaded_file_blocks_slots_and_bookings(api, tutor, student, classroom):
    put(api, tutor)
    answer = upload(api, tutor, calendar(event(tutor, 16), event(tutor, 18)))
    assert answer.status_code == 201
    made = answer.json()
    assert set(made) == {"id", "name", "url", "refreshed_at", "events", "error"}
    assert (made["name"], made["url"], made["events"], made["error"]) == ("Google", None, 2, None)
    free = ["15:00", "17:00", "19:00"]
    for user in (tutor, student):
        assert local_starts(slots(api, user, tutor, in_days(3)), tutor) == free
    assert book(api, student, tutor, at(tutor, 16)).json()["error"] == "not_bookable"
    assert api(tutor).get(URL).json() == {"results": [made]}
    assert api(tutor).get(f"{URL}{made['id']}/").json() == made
    assert api(tutor).delete(f"{URL}{made['id']}/").status_code == 204
    assert len(local_starts(slots(api, tutor, tutor, in_days(3)), tutor)) == 5


def test_calendar_of_another_tutor_is_not_found(api, tutor, other_tutor):
    made = upload(api, tutor, calendar(event(tutor, 16))).json()
    for method in ("get", "delete"):
        assert getattr(api(other_tutor), method)(f"{URL}{made['id']}/").status_code == 404
    assert api(other_tutor).get(URL).json() == {"results": []}


@pytest.mark.parametrize(
    "content",
    [
        b"no calendar",
        calendar(
            "BEGIN:VEVENT\r\nDTSTART:20260101T000000Z\r\nDURATION:PT1S\r\n"
            "RRULE:FREQ=SECONDLY;COUNT=1000000\r\nEND:VEVENT\r\n"
        ),
        b"BEGIN:VEVENT" * 20_001,
    ],
)
def test_bad_or_hostile_file_is_refused(api, tutor, content):
    answer = upload(api, tutor, content)
    assert (answer.status_code, [*answer.json()["fields"]]) == (400, ["file"])
    assert not ExternalCalendar.objects.exists()


def test_file_over_5_mib_is_refused(api, tutor):
    assert upload(api, tutor, b"x" * (5 * 1024 * 1024 + 1)).status_code == 400


def test_impossible_rule_ends_by_the_limit_of_the_processor(tutor, monkeypatch):
    """dateutil looks for such a date until the year 9999."""
    monkeypatch.setattr(reading, "CPU_SECONDS", 1)
    rule = "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30\r\n"
    content = calendar(*(event(tutor, 10 + n % 10, n // 10, rule) for n in range(100)))
    with pytest.raises(services.ReadError):
        services.read_calendar(
            content, zone="UTC", span=(timezone.now(), timezone.now() + timedelta(days=1))
        )


@pytest.mark.parametrize(
    "url",
    [
        "http://calendar.example/a.ics",
        "file:///etc/passwd",
        "ftp://calendar.example/a.ics",
        "https://127.0.0.1/a.ics",
        "https://[::1]/a.ics",
        "https://[::ffff:127.0.0.1]/a.ics",
        "https://[::ffff:7f00:1]/a.ics",
        "https://10.0.0.1/a.ics",
        "https://169.254.169.254/latest/meta-data/",
        "https://0.0.0.0/a.ics",
        "https://user:secret@calendar.example/a.ics",
        "https://localhost/a.ics",
        "https://2130706433/a.ics",
        "https://127.1/a.ics",
        "not an address",
    ],
)
def test_address_that_is_not_public_is_refused(api, tutor, url):
    answer = api(tutor).post(URL, {"name": "Mine", "url": url}, format="json")
    assert (answer.status_code, [*answer.json()["fields"]]) == (400, ["url"])
    assert not ExternalCalendar.objects.exists()


def test_redirect_to_the_own_network_is_refused(api, tutor, settings, monkeypatch):
    """The first host is public, and answers with a redirect to an address that is not."""
    answers = {"https://calendar.example/a.ics": "https://127.0.0.1/b.ics"}
    fetched = []

    def get(url, _headers, **options):
        outgoing_http.check_url(url, allow_private=options["allow_private"])
        fetched.append(url)
        return outgoing_http.Answer(302, {"location": answers[url]}, b"")

    monkeypatch.setattr(fetching, "get", get)
    answer = api(tutor).post(
        URL, {"name": "Mine", "url": "https://calendar.example/a.ics"}, format="json"
    )
    assert (answer.status_code, [*answer.json()["fields"]]) == (400, ["url"])
    assert fetched == ["https://calendar.example/a.ics"]


def test_host_whose_dns_changes_is_not_reached(tutor, monkeypatch):
    """Public when it was added, the own network at the next refresh."""
    kept = ExternalCalendar.objects.create(
        tutor=tutor, name="x", url="https://calendar.example/a.ics"
    )
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: found)
    monkeypatch.setattr(socket, "create_connection", lambda *_args: pytest.fail("connected"))
    services.refresh_due(timezone.now())
    kept.refresh_from_db()
    assert kept.error == ExternalCalendar.Error.FORBIDDEN


def add(api, tutor, url):
    return api(tutor).post(URL, {"name": "Mine", "url": url}, format="json")


def test_address_is_fetched_and_refreshed_by_its_etag(api, tutor, server):
    put(api, tutor)
    server.pages["/a.ics"] = (200, {"ETag": '"1"'}, calendar(event(tutor, 16)))
    made = add(api, tutor, f"{server.root}/a.ics").json()
    assert (made["events"], made["error"], made["url"]) == (1, None, f"{server.root}/a.ics")
    later = timezone.now() + HOUR
    assert services.refresh_due(timezone.now()) == 0
    assert services.refresh_due(later) == 1
    assert server.requests[-1][1]["If-None-Match"] == '"1"'
    kept = ExternalCalendar.objects.get()
    assert (kept.refreshed_at, kept.expanded_at < later) == (later, True)
    server.pages["/a.ics"] = (200, {"ETag": '"2"'}, calendar(event(tutor, 17), event(tutor, 18)))
    services.refresh_due(later + HOUR)
    assert local_starts(slots(api, tutor, tutor, in_days(3)), tutor) == ["15:00", "16:00", "19:00"]
    # The next day after a week it is computed again, though nothing has changed.
    week = later + timedelta(days=8)
    services.refresh_due(week)
    kept.refresh_from_db()
    assert (kept.expanded_at, kept.etag) == (week, '"2"')


def test_last_modified_is_sent_back(api, tutor, server):
    modified = "Sat, 28 Nov 2026 10:00:00 GMT"
    server.pages["/a.ics"] = (200, {"Last-Modified": modified}, calendar(event(tutor, 16)))
    add(api, tutor, f"{server.root}/a.ics")
    services.refresh_due(timezone.now() + HOUR)
    assert server.requests[-1][1]["If-Modified-Since"] == modified


def test_redirect_is_followed(api, tutor, server):
    server.pages["/a"] = (302, {"Location": "/b"}, b"")
    server.pages["/b"] = (301, {"Location": f"{server.root}/c"}, b"")
    server.pages["/c"] = (200, {}, calendar(event(tutor, 16)))
    assert add(api, tutor, f"{server.root}/a").json()["error"] is None
    server.pages["/c"] = (302, {"Location": "/a"}, b"")
    assert add(api, tutor, f"{server.root}/a").json()["error"]
    server.pages["/c"] = (302, {"Location": "file:///etc/passwd"}, b"")
    assert add(api, tutor, f"{server.root}/a").status_code == 400


def test_error_is_kept_and_the_last_busy_times_stay(api, tutor, server, caplog):
    type(tutor).objects.update(locale="en")
    put(api, tutor)
    server.pages["/secret.ics"] = (200, {}, calendar(event(tutor, 16)))
    add(api, tutor, f"{server.root}/secret.ics")
    now = timezone.now()
    for page, code in (
        ((500, {}, b""), "refused"),
        ((200, {}, b"<html>"), "not_calendar"),
        ((200, {"Content-Length": "100"}, b"BEGIN"), "unreachable"),
        ((200, {}, b"x" * (5 * 1024 * 1024 + 1)), "too_large"),
    ):
        now += DAY
        server.pages["/secret.ics"] = page
        services.refresh_due(now)
        kept = ExternalCalendar.objects.get()
        assert (kept.error, kept.refreshed_at < now - HOUR) == (code, True)
    [row] = api(tutor).get(URL).json()["results"]
    assert (row["events"], row["error"]) == (1, "The calendar is too large.")
    assert "16:00" not in local_starts(slots(api, tutor, tutor, in_days(3)), tutor)
    assert "secret" not in caplog.text
    server.pages["/secret.ics"] = (200, {}, calendar())
    services.refresh_due(now + DAY)
    assert api(tutor).get(URL).json()["results"][0]["error"] is None
    assert "16:00" in local_starts(slots(api, tutor, tutor, in_days(3)), tutor)


def test_server_that_is_down_is_tried_again_later(api, tutor, settings):
    settings.EXTERNAL_CALENDARS = "any"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    answer = add(api, tutor, f"http://127.0.0.1:{port}/a.ics")
    assert answer.status_code == 201
    assert (answer.json()["refreshed_at"], answer.json()["events"]) == (None, 0)
    assert answer.json()["error"]
    kept = ExternalCalendar.objects.get()
    assert kept.next_check_at > timezone.now() + services.REFRESH_EVERY


def test_new_zone_of_the_availability_moves_floating_events(api, tutor):
    put(api, tutor)
    day = in_days(3)
    upload(
        api,
        tutor,
        calendar(
            f"BEGIN:VEVENT\r\nUID:1\r\nDTSTART:{day:%Y%m%d}T160000\r\nDURATION:PT1H\r\nEND:VEVENT\r\n"
        ),
    )
    assert BusyTime.objects.get().starts_at == at(tutor, 16)
    put(api, tutor, timezone="UTC")
    assert services.refresh_due(timezone.now()) == 1
    assert BusyTime.objects.get().starts_at == datetime(
        day.year, day.month, day.day, 16, tzinfo=UTC
    )


def test_number_of_calendars_is_limited(api, tutor):
    for number in range(services.MAX_CALENDARS):
        ExternalCalendar.objects.create(tutor=tutor, name=str(number))
    assert upload(api, tutor, calendar(event(tutor, 16))).status_code == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x"}, "url"),
        ({"url": "https://a.example"}, "name"),
        ({"name": "x", "url": 1}, "url"),
    ],
)
def test_bad_field_is_named(api, tutor, body, field):
    answer = api(tutor).post(URL, body, format="json")
    assert (answer.status_code, [*answer.json()["fields"]]) == (400, [field])


def test_database_refuses_empty_busy_times(tutor):
    kept = ExternalCalendar.objects.create(tutor=tutor, name="x")
    now = timezone.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        BusyTime.objects.create(calendar=kept, starts_at=now, ends_at=now)


def test_dns_that_changes_between_check_and_connection_is_not_asked_twice(tutor, monkeypatch):
    """The connection goes to the address that was checked, whatever the name means by then."""
    answers = iter(["93.184.216.34", "127.0.0.1"])
    connected = []

    def resolve(*_args, **_options):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 443))]

    def connect(address, _timeout):
        connected.append(address)
        raise OSError("refused")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    ExternalCalendar.objects.create(tutor=tutor, name="x", url="https://calendar.example/a.ics")
    services.refresh_due(timezone.now())
    assert connected == [("93.184.216.34", 443)]


@pytest.mark.parametrize("address", ["::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"])
def test_name_that_stands_for_an_own_ipv6_address_is_refused(api, tutor, monkeypatch, address):
    found = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (host, 443, 0, 0))
        for host in ("2606:2800:220:1::", address)
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: found)
    monkeypatch.setattr(socket, "create_connection", lambda *_args: pytest.fail("connected"))
    answer = add(api, tutor, "https://calendar.example/a.ics")
    assert (answer.status_code, [*answer.json()["fields"]]) == (400, ["url"])


def test_slow_server_keeps_no_other_job_waiting(monkeypatch):
    """The job returns while a refresh hangs, and does not start a second one."""
    began, go_on = threading.Event(), threading.Event()

    def hang(_now):
        began.set()
        go_on.wait(20)

    monkeypatch.setattr(background, "refresh_due", hang)
    thread = background.refresh_in_background(timezone.now())
    assert began.wait(20)
    assert background.refresh_in_background(timezone.now()) is None
    go_on.set()
    thread.join(20)
    again = background.refresh_in_background(timezone.now())
    again.join(20)


def test_calendar_is_fetched_by_one_of_two_processes(api, tutor, server):
    server.pages["/a.ics"] = (200, {}, calendar(event(tutor, 16)))
    add(api, tutor, f"{server.root}/a.ics")
    later = timezone.now() + HOUR
    first, second = (ExternalCalendar.objects.get() for _ in range(2))
    services.refresh(first, later)
    services.refresh(second, later)
    assert len(server.requests) == 2  # when it was added, and once now
