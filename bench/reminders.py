"""`python -m bench.reminders`: how long 100,000 reminders that fall due at once take to be queued.

Measures each database in a process of its own, and prints a table. The control copies as many rows
into the same two tables by one SQL statement each, without choosing anything.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bench.environment import set_environment
from bench.report import table

URL = os.environ.get("BENCH_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/kreida_bench")
TUTORS, STUDENTS, LESSONS = 1000, 10_000, 50_000
ROUNDS = 3
_LESSON = {
    **{"title": "Алгебра", "status": "scheduled", "allow_overlap": True, "cancel_reason": ""},
    **{"invite_generation": 0, "idempotency_digest": ""},
    "created_at": datetime(2026, 1, 1, tzinfo=UTC),
}
NOW = datetime(2094, 3, 8, 12, tzinfo=UTC)

_COPY = [
    """INSERT INTO lessons_reminder (user_id, lesson_id, minutes, starts_at, channel, target,
        status, reason, attempts, claim, try_at, created_at, finished_at)
    SELECT user_id, lesson_id, minutes, starts_at, channel, target, status, reason, attempts, claim,
        try_at, created_at, finished_at FROM bench_reminder""",
    """INSERT INTO common_mailmessage (state, kind, sender, recipient, subject, payload, reason,
        attempts, dedupe_key, created_at, try_at, expires_at)
    SELECT state, kind, sender, recipient, subject, payload, reason, attempts, dedupe_key,
        created_at, try_at, expires_at FROM bench_mail""",
]


def report() -> str:
    """Measure both databases; return the table of seconds."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, url in (
            ("PostgreSQL", f"{URL}_reminders"),
            ("SQLite", f"sqlite:///{folder}/reminders.sqlite3"),
        ):
            done = subprocess.run(
                [sys.executable, "-m", "bench.reminders", folder, url],
                stdout=subprocess.PIPE,
                check=True,
            )
            rows.append([name, *done.stdout.decode().split()])
    return table(
        ["100,000 reminders due at once, in seconds", "queued", "a run later", "(a) SQL"], rows
    )


def measure(url: str) -> list[str]:
    import django  # noqa: PLC0415

    from bench import servers  # noqa: PLC0415

    if not url.startswith("sqlite"):
        servers.drop_database(url)
        servers.create_database(url)
    django.setup()
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    from apps.lessons.reminders.queue import queue_due  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    _insert_lessons()
    times: dict[str, list[float]] = {"queued": [], "later": [], "copied": []}
    for _round in range(ROUNDS):
        _empty()
        times["queued"].append(_time(lambda: queue_due(NOW), expected=2 * LESSONS))
        times["later"].append(_time(lambda: queue_due(NOW + timedelta(minutes=1)), expected=0))
        _keep_copies()
        _empty()
        times["copied"].append(_time(_copy))
    connection.close()
    if not url.startswith("sqlite"):
        servers.drop_database(url)
    return [f"{statistics.median(found):.2f}" for found in times.values()]


def _insert_lessons() -> None:
    from apps.accounts.models import User  # noqa: PLC0415
    from apps.classrooms.models import Classroom  # noqa: PLC0415
    from apps.common.db import insert_new_rows  # noqa: PLC0415
    from apps.lessons.models import Lesson  # noqa: PLC0415

    people = [
        User(
            pk=number,
            email=f"person{number}@school.example",
            first_name="Олена",
            last_name="Коваль",
            role="tutor" if number <= TUTORS else "student",
            password="!none",
            search_text="",
        )
        for number in range(1, TUTORS + STUDENTS + 1)
    ]
    User.objects.bulk_create(people, batch_size=2000)
    classroom = Classroom.objects.create(tutor_id=1, name="Алгебра")
    starts_at = NOW + timedelta(days=1)
    columns = ("tutor_id", "student_id", "classroom_id", "starts_at", "ends_at", *_LESSON)
    insert_new_rows(
        Lesson,
        columns,
        [
            (
                1 + number % TUTORS,
                TUTORS + 1 + number % STUDENTS,
                classroom.pk,
                starts_at - timedelta(seconds=number % 60),
                starts_at + timedelta(hours=1),
                *_LESSON.values(),
            )
            for number in range(LESSONS)
        ],
    )


def _empty() -> None:
    from apps.common.models import MailMessage  # noqa: PLC0415
    from apps.lessons.models import Reminder  # noqa: PLC0415

    for model in (Reminder, MailMessage):
        model.objects.all()._raw_delete("default")
    _execute("VACUUM ANALYZE" if _is_postgres() else "ANALYZE")


def _keep_copies() -> None:
    for copy, original in (
        ("bench_reminder", "lessons_reminder"),
        ("bench_mail", "common_mailmessage"),
    ):
        _execute(f"DROP TABLE IF EXISTS {copy}")
        _execute(f"CREATE TABLE {copy} AS SELECT * FROM {original}")


def _copy() -> None:
    from django.db import transaction  # noqa: PLC0415

    with transaction.atomic():
        for statement in _COPY:
            _execute(statement)


def _execute(statement: str) -> None:
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(statement)


def _is_postgres() -> bool:
    from django.db import connection  # noqa: PLC0415

    return connection.vendor == "postgresql"


def _time(run: Callable[[], int | None], expected: int | None = None) -> float:
    began = time.perf_counter()
    found = run()
    elapsed = time.perf_counter() - began
    if found != expected:
        raise SystemExit(f"{found} reminders were queued instead of {expected}")
    return elapsed


if __name__ == "__main__":
    if len(sys.argv) == 1:
        print(report())
    else:
        set_environment(sys.argv[1], settings="bench.settings", database_url=sys.argv[2])
        os.environ["EMAIL_URL"] = "smtp://127.0.0.1:1"  # nothing is sent without a worker
        print(*measure(sys.argv[2]))
