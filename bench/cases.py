"""The specification's six endpoints as streams of requests, each about another person."""

import itertools
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from apps.common import tokens
from apps.lessons.invites import PURPOSE
from bench.data import FREE_FROM, LESSONS_PER_TUTOR, School

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Ask:
    tutor: int  # the id of who asks
    path: str  # below /api/ or a control's prefix
    body: dict[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    title: str
    status: int
    asks: Callable[[School], Iterator[Ask]]
    method: str = "GET"


def _draws(school: School) -> Iterator[tuple[int, int]]:
    """A tutor and a lesson of that tutor, by number, the same sequence in every run."""
    draw = random.Random(32)
    while True:
        yield draw.randrange(school.tutors), draw.randrange(LESSONS_PER_TUTOR)


def _range(school: School) -> Iterator[Ask]:
    for tutor, number in _draws(school):
        start, end = school.week(number)
        query = urlencode({"from": start.isoformat(), "to": end.isoformat()})
        yield Ask(tutor + 1, f"lessons/?{query}")


# Never twice the same: each tutor's next free hour, with the student whose hour it is.
_hours = itertools.count()


def _schedule(school: School) -> Iterator[Ask]:
    while True:
        hour, tutor = divmod(next(_hours), school.tutors)
        starts_at = FREE_FROM + hour * HOUR
        body = {
            "student_id": school.student(tutor, hour),
            "title": "Квадратні рівняння",
            "starts_at": starts_at.isoformat(),
            "ends_at": (starts_at + HOUR).isoformat(),
        }
        yield Ask(tutor + 1, "lessons/", body)


def _room(school: School) -> Iterator[Ask]:
    for tutor, turn in _draws(school):
        yield Ask(tutor + 1, f"lessons/{school.lesson(tutor, turn)}/room/")


def _invite(school: School) -> Iterator[Ask]:
    for tutor, turn in _draws(school):
        yield Ask(tutor + 1, f"lessons/{school.lesson(tutor, turn)}/invite/", {})


def _resolve(school: School) -> Iterator[Ask]:
    tomorrow = datetime.now(UTC) + 24 * HOUR
    for tutor, turn in _draws(school):
        claims = {"lesson": school.lesson(tutor, turn), "gen": 0}
        token = tokens.sign(PURPOSE, claims, expires_at=tomorrow)
        yield Ask(tutor + 1, f"lesson-invites/resolve/?token={token}")


def _my_students(school: School) -> Iterator[Ask]:
    for tutor, _turn in _draws(school):
        yield Ask(tutor + 1, "classroom/my-students/?limit=20")


def _search(school: School) -> Iterator[Ask]:
    for tutor, _turn in _draws(school):
        yield Ask(tutor + 1, f"classroom/my-students/?q={quote('КОВАЛЬ')}")


CASES = {
    "range": Case("calendar range, 42 lessons", 200, _range),
    "students": Case("my students, 20 of 30", 200, _my_students),
    "search": Case("my students, by a word", 200, _search),
    "schedule": Case("schedule a lesson", 201, _schedule, "POST"),
    "room": Case("room of a lesson", 200, _room),
    "invite": Case("make an invite", 200, _invite, "POST"),
    "resolve": Case("resolve an invite", 200, _resolve),
}
PREFIXES = {"product": "/api/", "raw": "/bench/raw/", "ordinary": "/bench/ordinary/"}


def requests(case: Case, school: School, access: dict[int, str], prefix: str) -> Iterator[bytes]:
    for ask in case.asks(school):
        body = b"" if ask.body is None else json.dumps(ask.body).encode()
        head = [
            f"{case.method} {prefix}{ask.path} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: Bearer {access[ask.tutor]}",
        ]
        if ask.body is not None:
            head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        yield "\r\n".join([*head, "", ""]).encode() + body
