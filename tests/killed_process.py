"""A process that makes changes of lessons and is killed right after the commit of each.

It reads from its arguments the ids of a tutor and two students.
"""

import os
import sys
from collections.abc import Callable
from datetime import datetime, timedelta

import django

django.setup()

from django.db import connections, transaction  # noqa: E402

from apps.accounts.models import User  # noqa: E402
from apps.lessons.models import Lesson, LessonChange, LessonSeries  # noqa: E402
from apps.lessons.series import scoped, undo  # noqa: E402
from apps.lessons.series.changes import Wanted  # noqa: E402
from apps.lessons.series.scope import Scope  # noqa: E402
from apps.lessons.series.services import SeriesPlan, create_series  # noqa: E402
from apps.lessons.services import schedule_lesson  # noqa: E402

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KILLED = 9


def run_and_die(change: Callable[[], object]) -> None:
    """In a child, which shares no connection; other callbacks of the commit do not run."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        with transaction.atomic():
            transaction.on_commit(lambda: os._exit(KILLED))
            change()
        os._exit(1)
    _pid, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) != KILLED:
        sys.exit(1)


def main(tutor: User, student: User, other: User) -> None:
    now = datetime.now().astimezone().replace(minute=0, second=0, microsecond=0)
    start = now + 2 * DAY

    def lesson() -> Lesson:
        return Lesson.objects.filter(series=None).get()

    def in_series() -> Lesson:
        return Lesson.objects.exclude(series=None).earliest("starts_at")

    def move(found: Lesson, scope: Scope) -> None:
        times = {"starts_at": found.starts_at + HOUR, "ends_at": found.ends_at + HOUR}
        scoped.update_lesson(tutor=tutor, lesson=found, scope=scope, wanted=Wanted(**times))

    def undo_last() -> None:
        change = LessonChange.objects.latest("pk")
        undo.undo(change=change, now=change.created_at)  # however slow this machine is

    plan = SeriesPlan(
        student_ids=[student.pk],
        starts_at=(start + 5 * HOUR).replace(tzinfo=None),
        duration_minutes=60,
        rrule="FREQ=WEEKLY;COUNT=3",
        timezone="UTC",
    )
    for change in (
        lambda: schedule_lesson(
            tutor=tutor, student_ids=[student.pk], starts_at=start, ends_at=start + HOUR
        ),
        lambda: move(lesson(), Scope.THIS),
        lambda: scoped.add_student(lesson=lesson(), scope=Scope.THIS, student_id=other.pk),
        lambda: scoped.remove_student(lesson=lesson(), scope=Scope.THIS, student_id=other.pk),
        lambda: scoped.cancel_lesson(lesson=lesson(), scope=Scope.THIS),
        lambda: create_series(tutor=tutor, wanted=plan),
        lambda: move(in_series(), Scope.ALL),
        lambda: scoped.add_student(lesson=in_series(), scope=Scope.ALL, student_id=other.pk),
        lambda: scoped.remove_student(lesson=in_series(), scope=Scope.ALL, student_id=other.pk),
        undo_last,
        lambda: scoped.cancel_lesson(lesson=in_series(), scope=Scope.ALL),
    ):
        run_and_die(change)
    assert LessonSeries.objects.count() == 1


if __name__ == "__main__":
    main(*(User.objects.get(pk=int(pk)) for pk in sys.argv[1:]))
