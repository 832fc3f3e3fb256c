"""SQLite's own tools, which lack Django's SQL functions, can work with a database."""

import re
import sqlite3
import subprocess
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from apps.lessons.models import Lesson
from tests.builders import HOUR, NOON, make_lesson

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sqlite]


@pytest.fixture
def file(lesson, tmp_path):
    """A copy of the test's database, with a lesson whose times have a fraction."""
    make_lesson(lesson.tutor, lesson.student, NOON + HOUR + timedelta(microseconds=5))
    copy = tmp_path / "copy.sqlite3"
    with sqlite3.connect(copy) as target:
        connection.connection.backup(target)
    target.close()
    return copy


def contents(file):
    """Return the number of rows of each table, and the schema."""
    database = sqlite3.connect(file)
    schema = database.execute("SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2").fetchall()
    tables = [name for kind, name, _sql in schema if kind == "table"]
    rows = {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone() for name in tables}
    database.close()
    assert rows["lessons_lesson"] == (2,)
    return rows, schema


def test_plain_sqlite_checks_vacuums_dumps_and_restores(file, tmp_path):
    database = sqlite3.connect(file)
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.execute("VACUUM")
    dump = "\n".join(database.iterdump())
    database.close()
    restored = sqlite3.connect(tmp_path / "restored.sqlite3")
    restored.executescript(dump)
    assert restored.execute("PRAGMA foreign_key_check").fetchall() == []
    restored.close()
    assert contents(tmp_path / "restored.sqlite3") == contents(file)


@pytest.mark.sqlite_tool
def test_command_line_tool_checks_vacuums_dumps_and_restores(file, tmp_path):
    def run(database, *commands, **more):
        done = subprocess.run(
            ["sqlite3", "-bail", database, *commands],
            capture_output=True,
            text=True,
            check=False,
            **more,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    assert run(file, "PRAGMA integrity_check").strip() == "ok"
    run(file, "VACUUM")
    dump = run(file, ".dump")
    assert dump.rstrip().endswith("COMMIT;")
    run(tmp_path / "restored.sqlite3", input=dump)
    assert contents(tmp_path / "restored.sqlite3") == contents(file)


def test_every_commit_is_synced():
    """2 is FULL; with NORMAL a power cut may lose the last commits (docs/adr/0007)."""
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA synchronous").fetchone() == (2,)


def test_schema_calls_no_function_of_django(file):
    _rows, schema = contents(file)
    assert [
        name for _kind, name, sql in schema if "django_" in re.sub(r'"\w+"', "", sql or "")
    ] == []


@pytest.mark.parametrize("micro", [0, 1, 999_499, 999_500, 999_999])
@pytest.mark.parametrize(("bound", "outside"), [(5 * 60, -1), (12 * 3600, 1)])
def test_length_is_exact_to_the_microsecond(lesson, bound, outside, micro):
    start = NOON + 50 * HOUR + timedelta(microseconds=micro)

    def last(**length):
        with transaction.atomic():
            Lesson.objects.update(starts_at=start, ends_at=start + timedelta(**length))

    last(seconds=bound)
    with pytest.raises(IntegrityError, match="lesson_lasts_5min_to_12h"):
        last(seconds=bound, microseconds=outside)


def test_length_is_checked_over_the_end_of_a_leap_year(lesson):
    start = NOON.replace(year=2028, month=12, day=31, hour=23, minute=59)
    Lesson.objects.update(starts_at=start, ends_at=start + timedelta(minutes=5))
    with pytest.raises(IntegrityError):
        Lesson.objects.update(ends_at=start + timedelta(hours=12, seconds=1))


@pytest.mark.parametrize(
    ("trigger", "index"),
    [
        ("lesson_tutor_no_overlap_insert", "lesson_tutor_starts (tutor_id=?"),
        ("lesson_tutor_no_overlap_update", "lesson_tutor_starts (tutor_id=?"),
        ("participant_no_overlap", "participant_student_starts (student_id=?"),
    ],
)
def test_overlap_triggers_search_an_index_from_both_sides(lesson, trigger, index):
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [trigger])
        looks = re.search(r"EXISTS \((.*)\)\s*BEGIN", cursor.fetchone()[0], re.DOTALL)[1]
        cursor.execute("EXPLAIN QUERY PLAN " + re.sub(r"NEW\.\w+", "'1'", looks))
        [plan] = [row[3] for row in cursor.fetchall()]
    assert plan == f"SEARCH other USING INDEX {index} AND starts_at>? AND starts_at<?)"


def test_cost_of_a_lesson_is_independent_of_past_lessons(lesson):
    """The cost is counted in steps of SQLite's virtual machine, independent of the load."""
    few = count_steps_of_copy(lesson, NOON + 1000 * HOUR)
    past = [NOON - number * HOUR for number in range(2, 1500)]
    Lesson.objects.bulk_create([copy_lesson(lesson, starts_at) for starts_at in past])
    assert count_steps_of_copy(lesson, NOON + 2000 * HOUR) < few + 300


def copy_lesson(lesson, starts_at):
    people = {"tutor": lesson.tutor, "student": lesson.student, "classroom": lesson.classroom}
    return Lesson(**people, starts_at=starts_at, ends_at=starts_at + HOUR)


def count_steps_of_copy(lesson, starts_at):
    steps = []
    connection.connection.set_progress_handler(lambda: steps.append(1), 1)
    try:
        copy_lesson(lesson, starts_at).save()
    finally:
        connection.connection.set_progress_handler(None, 0)
    return len(steps)
