"""`python -m bench.booking`: free times of a month, and bookings beside one SQL statement.

Runs in a process and with a database of its own, of 10 tutors with 1,000 lessons each, and prints
tables.
"""

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from bench.environment import set_environment
from bench.report import table

URL = os.environ.get("BENCH_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/kreida_bench")
PORT = int(os.environ.get("BENCH_PORT", "8600")) + 3
TUTOR, EVENTS, LATER = 1, 500, timedelta(weeks=53)
CONNECTIONS, ROUNDS, SECONDS = 8, 5, 1.0
# The tutor's lessons are moved by LATER, so that a month to come has as many as in the school.
MONTH = datetime(2027, 2, 1, tzinfo=UTC), datetime(2027, 3, 4, tzinfo=UTC)
FIRST = {  # after all lessons; the control's hours are others
    "/api/": datetime(2027, 7, 1, tzinfo=UTC),
    "/bench/raw/": datetime(2027, 9, 1, tzinfo=UTC),
}


def report() -> str:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "bench.booking", folder], stdout=subprocess.PIPE, check=True
        )
    return done.stdout.decode()


def main(folder: str) -> None:
    url = f"{URL}_booking"
    set_environment(folder, settings="bench.settings", database_url=url)
    import django  # noqa: PLC0415

    from bench import servers  # noqa: PLC0415

    prepared = subprocess.run(
        [sys.executable, "-m", "bench.prepare", "1"], stdout=subprocess.PIPE, check=True
    )
    tokens = {int(pk): token for pk, token in json.loads(prepared.stdout).items()}
    django.setup()
    try:
        tokens |= _prepare()
        with servers.run_server(PORT, url):
            slots, rates = _measure_slots(tokens), _measure_bookings(tokens)
    finally:
        from django.db import connections  # noqa: PLC0415

        connections.close_all()
        servers.drop_database(url)
    print(table(["free times of a month", "p50", "p99"], [slots]))
    ratio = f"{statistics.median(a / b for a, b in zip(*rates, strict=True)):.2f}"
    shown = [f"{statistics.median(each):.0f}/s" for each in rates]
    print(table(["8 connections", "product", "(a) SQL", "÷ (a)"], [["book", *shown, ratio]]))


def _prepare() -> dict[int, str]:
    """Availability around the clock, two calendars of one tutor, and tokens of the students."""
    from django.db import connection  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from apps.accounts.models import User  # noqa: PLC0415
    from apps.booking.availability import (  # noqa: PLC0415
        AvailabilityPlan,
        replace_availability,
    )
    from apps.booking.calendars.services import add_file  # noqa: PLC0415
    from bench import data  # noqa: PLC0415

    weekly = {day: [(0, 1440)] for day in range(7)}
    settings = {"booking_window_days": 366, "minimum_notice_minutes": 0}
    for tutor in User.objects.filter(role="tutor"):
        plan = AvailabilityPlan("Europe/Kyiv", weekly, settings=settings)
        replace_availability(tutor=tutor, plan=plan)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE lessons_lesson SET starts_at = starts_at + %s, ends_at = ends_at + %s"
            " WHERE tutor_id = %s",
            [LATER, LATER, TUTOR],
        )
        cursor.execute("ANALYZE")
    owner = User.objects.get(pk=TUTOR)
    for number in range(2):
        content = _calendar(number)
        add_file(tutor=owner, name=f"{number}", content=content, now=timezone.now())
    students = User.objects.filter(role="student").values_list("pk", flat=True)
    return data.create_access_tokens(students)


def _calendar(number: int) -> bytes:
    """Half an hour in every 14 hours, from the middle of January."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:bench"]
    for event in range(EVENTS):
        start = datetime(2027, 1, 15, 3 + number, tzinfo=UTC) + event * timedelta(hours=14)
        lines += ["BEGIN:VEVENT", f"UID:{number}-{event}", f"DTSTART:{start:%Y%m%dT%H%M%SZ}"]
        lines += ["DURATION:PT30M", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def _measure_slots(tokens: dict[int, str]) -> list[str]:
    from bench import load  # noqa: PLC0415
    from bench.data import SMALL  # noqa: PLC0415

    query = urlencode({"from": MONTH[0].isoformat(), "to": MONTH[1].isoformat(), "minutes": 60})
    path = f"/api/tutors/{TUTOR}/slots/?{query}"
    requests = itertools.repeat(_request("GET", path, tokens[SMALL.student_id(TUTOR - 1, 0)]))
    rounds = [
        load.run(PORT, requests, status=200, connections=1, seconds=SECONDS)
        for _round in range(ROUNDS + 1)
    ]
    summary = load.Summary.of(rounds[1:])  # the first is the warm-up
    title = "1,000 lessons, two calendars of 500 events, one request at a time"
    return [title, f"{summary.p50:.1f} ms", f"{summary.p99:.1f} ms"]


def _measure_bookings(tokens: dict[int, str]) -> tuple[list[float], list[float]]:
    """Rates of rounds that ran close together, of the product and of the control."""
    from bench import load  # noqa: PLC0415

    streams = {prefix: _bookings(prefix, tokens) for prefix in FIRST}
    rates: dict[str, list[float]] = {prefix: [] for prefix in FIRST}
    for number in range(ROUNDS + 1):
        for prefix in FIRST if number % 2 else reversed(FIRST):
            result = load.run(
                PORT, streams[prefix], status=201, connections=CONNECTIONS, seconds=SECONDS
            )
            if result.unexpected:
                raise SystemExit(result.unexpected.decode(errors="replace"))
            rates[prefix].append(result.rate)
    product, control = rates.values()
    return product[1:], control[1:]


def _bookings(prefix: str, tokens: dict[int, str]) -> Iterator[bytes]:
    """Each takes another hour, first of all tutors but one, so that none overlap."""
    from bench.data import SMALL  # noqa: PLC0415

    for number in itertools.count():
        hour, tutor = divmod(number, SMALL.tutors - 1)
        tutor += TUTOR  # the others have no external calendars
        student = SMALL.student_id(tutor, hour)
        start = FIRST[prefix] + timedelta(hours=hour)
        if prefix == "/api/":
            body = {"starts_at": start.isoformat(), "minutes": 60}
            path = f"/api/tutors/{tutor + 1}/bookings/"
            yield _request("POST", path, tokens[student], body)
        else:
            end = start + timedelta(hours=1)
            times = {"starts_at": start.isoformat(), "ends_at": end.isoformat()}
            body = {"student_id": student, "title": "", **times}
            yield _request("POST", f"{prefix}lessons/", tokens[tutor + 1], body)


def _request(method: str, path: str, token: str, body: dict[str, object] | None = None) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {token}"]
    if body is not None:
        head += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*head, "", ""]).encode() + content


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:
        print(report())
