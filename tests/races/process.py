"""A process of its own for a race: it runs what it reads from standard input, a JSON object a line.

Between the check whether people are free and the inserts it writes “checked” and waits for a line.
"""

import json
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import django

django.setup()

from django.db import connection, connections, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from apps.accounts.models import User  # noqa: E402
from apps.booking import services as bookings  # noqa: E402
from apps.common.errors import DomainError  # noqa: E402
from apps.lessons import booking, participants, services  # noqa: E402
from apps.lessons.models import Lesson  # noqa: E402
from apps.lessons.series import scope, scoped  # noqa: E402
from apps.lessons.series import services as series_services  # noqa: E402

LOCKING = (services, participants, series_services, scope, bookings)
HOUR = timedelta(hours=1)
lock_people = booking.lock_people


def write(message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def pause_after(module: Any, name: str) -> None:
    check = getattr(module, name)

    def checked(*args: object, **kwargs: object) -> object:
        result = check(*args, **kwargs)
        write("checked")
        sys.stdin.readline()
        return result

    setattr(module, name, checked)


def book(tutor: int, student: int, starts_at: str) -> None:
    start = datetime.fromisoformat(starts_at)
    services.schedule_lesson(
        tutor=User.objects.get(pk=tutor),
        student_ids=[student],
        starts_at=start,
        ends_at=start + HOUR,
    )


def make_series(tutor: int, student: int, starts_at: str) -> None:
    wanted = series_services.SeriesPlan(
        student_ids=[student],
        starts_at=datetime.fromisoformat(starts_at),
        duration_minutes=60,
        rrule="FREQ=WEEKLY;COUNT=3",
        timezone="UTC",
    )
    series_services.create_series(tutor=User.objects.get(pk=tutor), wanted=wanted)


def add(lesson: int, student: int) -> None:
    found = Lesson.objects.select_related("tutor").get(pk=lesson)
    scoped.add_student(lesson=found, scope=scope.Scope.THIS, student_id=student)


AT_ONCE = 5  # divides the numbers of students; PostgreSQL has 100 connections for all tests


def book_slot(tutor: int, students: list[int], starts_at: str) -> dict[str, int]:
    """AT_ONCE students after AT_ONCE others; the number of each outcome."""
    start = datetime.fromisoformat(starts_at)
    barrier = Barrier(AT_ONCE)

    def book_one(student: int) -> str:
        try:
            people = User.objects.in_bulk([tutor, student])
            wish = bookings.BookingWish(start, 60)
            barrier.wait(20)
            bookings.book_lesson(
                tutor=people[tutor], student=people[student], wish=wish, now=timezone.now()
            )
        except DomainError as exc:
            return exc.code
        finally:
            connections.close_all()
        return "booked"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(Counter(pool.map(book_one, students)))


CALLS = {"book": book, "book_slot": book_slot, "make_series": make_series, "add": add}


def main() -> None:
    pause_after(booking, "check_conflicts")
    pause_after(series_services, "resolve")
    pause_after(participants, "_check_is_free")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        write(cursor.fetchone()[0])
    for line in sys.stdin:
        wanted = json.loads(line)
        for module in LOCKING:
            lock = lock_people if wanted["locks"] else lambda ids: User.objects.in_bulk(set(ids))
            module.lock_people = lock  # type: ignore[attr-defined]
        try:
            write(CALLS[wanted["call"]](*wanted["args"]) or "done")
        except DomainError as exc:
            write(exc.code)


if __name__ == "__main__":
    main()
