"""The specification's six endpoints as endless streams of requests by random tutors."""

import itertools
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from apps.common import tokens
from apps.lessons.invites import PURPOSE
from bench.data import FREE_FROM, GROUP_WEEKS, LESSONS_PER_TUTOR, SINGLE_WEEKS, School

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ApiRequest:
    tutor_id: int
    path: str  # below /api/ or a control's prefix
    body: dict[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Case:
    title: str
    status: int
    make_requests: Callable[[School], Iterator[ApiRequest]]
    method: str = "GET"


def _random_numbers(school: School) -> Iterator[tuple[int, int]]:
    """Yield numbers of a tutor and of one of their lessons, in the same sequence in every run."""
    random_generator = random.Random(32)
    while True:
        yield (
            random_generator.randrange(school.tutors),
            random_generator.randrange(LESSONS_PER_TUTOR),
        )


def _range_requests(school: School, weeks: range = SINGLE_WEEKS) -> Iterator[ApiRequest]:
    for tutor, number in _random_numbers(school):
        start, end = school.week(number, weeks)
        query = urlencode({"from": start.isoformat(), "to": end.isoformat()})
        yield ApiRequest(tutor + 1, f"lessons/?{query}")


def _group_range_requests(school: School) -> Iterator[ApiRequest]:
    return _range_requests(school, GROUP_WEEKS)


# Each new lesson takes the tutor's next free hour, so that none overlap.
_hours = itertools.count()


def _schedule_requests(school: School) -> Iterator[ApiRequest]:
    while True:
        hour, tutor = divmod(next(_hours), school.tutors)
        starts_at = FREE_FROM + hour * HOUR
        body = {
            "student_id": school.student_id(tutor, hour),
            "title": "Квадратні рівняння",
            "starts_at": starts_at.isoformat(),
            "ends_at": (starts_at + HOUR).isoformat(),
        }
        yield ApiRequest(tutor + 1, "lessons/", body)


def _room_requests(school: School) -> Iterator[ApiRequest]:
    for tutor, lesson_number in _random_numbers(school):
        yield ApiRequest(tutor + 1, f"lessons/{school.lesson_id(tutor, lesson_number)}/room/")


def _invite_requests(school: School) -> Iterator[ApiRequest]:
    for tutor, lesson_number in _random_numbers(school):
        yield ApiRequest(tutor + 1, f"lessons/{school.lesson_id(tutor, lesson_number)}/invite/", {})


def _resolve_requests(school: School) -> Iterator[ApiRequest]:
    tomorrow = datetime.now(UTC) + 24 * HOUR
    for tutor, lesson_number in _random_numbers(school):
        claims = {"lesson": school.lesson_id(tutor, lesson_number), "gen": 0}
        token = tokens.sign(PURPOSE, claims, expires_at=tomorrow)
        yield ApiRequest(tutor + 1, f"lesson-invites/resolve/?token={token}")


def _my_students_requests(school: School) -> Iterator[ApiRequest]:
    for tutor, _lesson_number in _random_numbers(school):
        yield ApiRequest(tutor + 1, "classroom/my-students/?limit=20")


def _search_requests(school: School) -> Iterator[ApiRequest]:
    for tutor, _lesson_number in _random_numbers(school):
        yield ApiRequest(tutor + 1, f"classroom/my-students/?q={quote('КОВАЛЬ')}")


CASES = {
    "range": Case("calendar range, 42 lessons", 200, _range_requests),
    "groups": Case("calendar range, 42 lessons of 4", 200, _group_range_requests),
    "students": Case("my students, 20 of 30", 200, _my_students_requests),
    "search": Case("my students, by a word", 200, _search_requests),
    "schedule": Case("schedule a lesson", 201, _schedule_requests, "POST"),
    "room": Case("room of a lesson", 200, _room_requests),
    "invite": Case("make an invite", 200, _invite_requests, "POST"),
    "resolve": Case("resolve an invite", 200, _resolve_requests),
}
PREFIXES = {"product": "/api/", "raw": "/bench/raw/", "ordinary": "/bench/ordinary/"}


def encode_requests(
    case: Case, school: School, access_tokens: dict[int, str], prefix: str
) -> Iterator[bytes]:
    for request in case.make_requests(school):
        body = b"" if request.body is None else json.dumps(request.body).encode()
        head = [
            f"{case.method} {prefix}{request.path} HTTP/1.1",
            "Host: 127.0.0.1",
            f"Authorization: Bearer {access_tokens[request.tutor_id]}",
        ]
        if request.body is not None:
            head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        yield "\r\n".join([*head, "", ""]).encode() + body
