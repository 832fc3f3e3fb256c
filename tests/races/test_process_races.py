"""Two operating system processes on one PostgreSQL that want the time of the same person.

The steps are ordered, so that each race is the same every time: both have found the person free
before either inserts, or the second one waits for the locks of the first.
"""

import json
import os
import subprocess
import sys
from threading import Event, Timer

import pytest
from django.db import connection

from apps.classroom.tests.servers import database_url
from apps.lessons import overlap, participant_triggers
from apps.lessons.models import LessonSeries
from tests.builders import HOUR, NOON, make_classroom, make_lesson, make_membership, make_user
from tests.races.simultaneous import without_constraints
from tests.server import ROOT

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("process_races"),
]
WEEK = 7 * 24 * HOUR
SECONDS = 60  # until a process that does not answer is killed


class Process:
    def __init__(self, folder):
        env = {
            **os.environ,
            "DATABASE_URL": database_url(),
            "DATA_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.races.process"],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, call, *, locks):
        name, *args = call
        self._write(json.dumps({"call": name, "args": args, "locks": locks}))

    def proceed(self):
        self._write("")

    def _write(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def read(self):
        timer = Timer(SECONDS, self.process.kill)
        timer.start()
        try:
            return json.loads(self.process.stdout.readline())
        finally:
            timer.cancel()

    def wait_for_a_lock(self):
        pause, left = Event(), SECONDS * 100
        while left:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s",
                    [self.backend],
                )
                if cursor.fetchone()[0]:
                    return
            pause.wait(0.01)
            left -= 1
        pytest.fail("the second process did not wait")


@pytest.fixture(scope="module")
def processes(django_db_setup, django_db_blocker, tmp_path_factory):
    """Started once for all tests, since that takes seconds."""
    with django_db_blocker.unblock():
        started = [Process(tmp_path_factory.mktemp("process")) for _ in range(2)]
    for each in started:
        each.backend = each.read()
    yield started
    for each in started:
        each.process.stdin.close()
        each.process.wait(20)


def member(tutor):
    student = make_user("student")
    make_membership(tutor.classrooms.get(), student)
    return student


@pytest.fixture
def calls(tutor, other_tutor, student):
    """By name, calls that cannot both succeed: of one tutor, or of two with one student."""
    make_classroom(tutor, student)
    make_classroom(other_tutor, student)
    lesson = make_lesson(other_tutor, member(other_tutor))
    third = (NOON + 2 * WEEK).isoformat()
    start = NOON.replace(tzinfo=None).isoformat()
    return {
        "series": ("make_series", tutor.pk, student.pk, start),
        "other series": ("make_series", tutor.pk, member(tutor).pk, start),
        "lesson": ("book", tutor.pk, member(tutor).pk, third),
        "joining": ("add", lesson.pk, student.pk),
        "booking": ("book", tutor.pk, student.pk, NOON.isoformat()),
        "series of the student": ("make_series", tutor.pk, student.pk, start),
    }


RACES = pytest.mark.parametrize(
    ("first", "second"),
    [
        ("series", "lesson"),
        ("lesson", "series"),
        ("series", "other series"),
        ("joining", "booking"),
        ("booking", "joining"),
        ("joining", "series of the student"),
    ],
)


def run_unlocked(processes, *calls):
    """Both check, then the first inserts and commits, then the second one inserts."""
    for process, call in zip(processes, calls, strict=True):
        process.start(call, locks=False)
        assert process.read() == "checked"
    outcomes = []
    for process in processes:
        process.proceed()
        outcomes.append(process.read())
    return outcomes


def count_overlaps():
    """Pairs of lessons with the tutor or a student in common."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM lessons_lesson a JOIN lessons_lesson b ON a.id < b.id"
            " AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at WHERE a.tutor_id = b.tutor_id"
            " OR EXISTS (SELECT 1 FROM lessons_participant p JOIN lessons_participant q"
            " USING (student_id) WHERE p.lesson_id = a.id AND q.lesson_id = b.id)"
        )
        return cursor.fetchone()[0]


@RACES
def test_second_process_waits_for_the_first_and_is_refused(processes, calls, first, second):
    one, other = processes
    one.start(calls[first], locks=True)
    assert one.read() == "checked"
    other.start(calls[second], locks=True)
    other.wait_for_a_lock()
    one.proceed()
    assert [one.read(), other.read()] == ["done", "lesson_conflict"]
    assert count_overlaps() == 0


@RACES
def test_constraint_refuses_the_second_process_without_locks(processes, calls, first, second):
    assert run_unlocked(processes, calls[first], calls[second]) == ["done", "lesson_conflict"]
    assert count_overlaps() == 0
    assert LessonSeries.objects.count() == ("series" in first)  # none of the second one is left


@RACES
def test_control_without_constraints_and_locks_has_overlaps(processes, calls, first, second):
    tutors, students = overlap.CONSTRAINT_NAMES["tutor"], participant_triggers.OVERLAP
    with (
        without_constraints(students, table="lessons_participant"),
        without_constraints(tutors),
    ):
        assert run_unlocked(processes, calls[first], calls[second]) == ["done", "done"]
        assert count_overlaps() > 0
