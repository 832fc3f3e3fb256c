"""The benchmark's data: a school, inserted in one pass by SQL.

A block is 10 tutors and 100 students. Every tutor gives 1,000 lessons of an hour, 42 a week, to
30 of the block's students in turn; every student has 100 lessons with 3 tutors. At any moment the
block's tutors teach different students, so no lessons overlap, also in the four weeks in which
each lesson has four students. A school of 1,000,000 lessons
has 100 blocks and one of 10,000 lessons has one: their responses are equal in size, and only the
sizes of the tables differ.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from allauth.headless.tokens.strategies.jwt.internal import create_access_token
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection

from apps.accounts.models import User
from apps.lessons import overlap, participant_triggers

TUTORS_PER_BLOCK, STUDENTS_PER_BLOCK = 10, 100
LESSONS_PER_TUTOR, LESSONS_PER_WEEK, STUDENTS_PER_TUTOR = 1000, 42, 30
SINGLE_WEEKS, GROUP_WEEKS = range(19), range(19, 23)  # of lessons with one or four students
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
# Rows of the school have lower ids, rows written during the benchmark higher ones.
MAX_SCHOOL_ID = 2_000_000
# All lessons of the school are earlier; lessons scheduled by the benchmark start here.
FREE_FROM = datetime(2027, 1, 4, tzinfo=UTC)

# Lessons are inserted by start, not by tutor, so that one tutor's week is scattered over the
# table as it is in a real one.
_FILL = """
INSERT INTO accounts_user (id, email, first_name, last_name, role, timezone, locale, password,
    is_staff, is_active, is_superuser, date_joined, search_text, sort_key)
SELECT id, email, first_name, last_name, role, 'Europe/Kyiv', 'uk', '!none', false, true, false,
    now(), lower(first_name || E'\\n' || last_name || E'\\n' || email),
    convert_to(last_name || E'\\t' || first_name, 'UTF8')
FROM (
    SELECT id, CASE WHEN id <= {tutors} THEN 'tutor' ELSE 'student' END AS role,
        'person' || id || '@school.example' AS email,
        ('{{Олена,Тарас,Ірина,Богдан,Софія,Андрій,Марія,Юрій,Ганна,Остап}}'::text[])
            [id % 10 + 1] AS first_name,
        ('{{Коваль,Шевченко,Бондар,Мельник,Ткачук,Кравець,Гончар,Лисенко,Мороз,Савчук,Поліщук}}'
            ::text[])[id % 11 + 1] AS last_name
    FROM generate_series(1, {tutors} + {students}) AS id
) AS people;

INSERT INTO classrooms_classroom (id, tutor_id, name, join_code, created_at, search_text,
    sort_key)
SELECT (tutor - 1) * 3 + nth, tutor, name, lpad(((tutor - 1) * 3 + nth)::text, 8, 'A'), now(),
    lower(name), convert_to(name, 'UTF8')
FROM generate_series(1, {tutors}) AS tutor,
    (VALUES (1, 'Алгебра 8-А'), (2, 'Алгебра 8-Б'), (3, 'Підготовка до НМТ')) AS names (nth, name);

INSERT INTO classrooms_membership (classroom_id, student_id, invited_email, role, status,
    created_at, joined_at, search_text)
SELECT tutor * 3 + nth + 1,
    {tutors} + 1 + (tutor / 10) * 100 + (tutor % 10 * 10 + turn) % 100,
    '', 'student', 'active', now(), now(), ''
FROM generate_series(0, {tutors} - 1) AS tutor, generate_series(0, 29) AS turn,
    generate_series(0, 2) AS nth
WHERE nth = turn % 2 OR (nth = 2 AND turn % 3 = 0);

INSERT INTO lessons_lesson (id, tutor_id, student_id, classroom_id, title, starts_at, ends_at,
    status, allow_overlap, cancel_reason, invite_generation, idempotency_digest, created_at)
SELECT nth * {tutors} + tutor + 1, tutor + 1,
    {tutors} + 1 + (tutor / 10) * 100 + (tutor % 10 * 10 + nth % 30) % 100,
    tutor * 3 + nth % 2 + 1, 'Квадратні рівняння, ' || nth, starts_at, starts_at + '1 hour',
    'scheduled', false, '', 0, '', now()
FROM generate_series(0, 999) AS nth, generate_series(0, {tutors} - 1) AS tutor,
    LATERAL (SELECT '{monday}'::timestamptz + nth / 42 * '7 days'::interval
        + nth % 42 / 7 * '1 day'::interval + (9 + nth % 7) * '1 hour'::interval AS starts_at) AS t
ORDER BY nth, tutor;

INSERT INTO lessons_participant (lesson_id, student_id, status, starts_at, occupied_until,
    occupies)
SELECT id, student_id, 'booked', starts_at, ends_at, true FROM lessons_lesson ORDER BY id;

INSERT INTO lessons_participant (lesson_id, student_id, status, starts_at, occupied_until,
    occupies)
SELECT id, {tutors} + 1 + (tutor / 10) * 100 + (tutor % 10 * 10 + (nth + other) % 30) % 100,
    'booked', starts_at, ends_at, true
FROM (SELECT id, (id - 1) % {tutors} AS tutor, (id - 1) / {tutors} AS nth, starts_at, ends_at
    FROM lessons_lesson) AS lesson, generate_series(1, 3) AS other
WHERE nth / 42 BETWEEN {first_group_week} AND {last_group_week}
ORDER BY id, other;

UPDATE lessons_lesson AS lesson SET student_id = first.student_id
FROM (SELECT DISTINCT ON (lesson_id) lesson_id, student_id
    FROM lessons_participant AS participant
    JOIN accounts_user AS student ON student.id = participant.student_id
    WHERE (lesson_id - 1) / {tutors} / 42 BETWEEN {first_group_week} AND {last_group_week}
    ORDER BY lesson_id, student.sort_key, student.id) AS first
WHERE lesson.id = first.lesson_id;

INSERT INTO classroom_classroomsession (uuid, lesson_id, lobby_enabled, notes, created_at)
SELECT gen_random_uuid(), id, true, '', now() FROM lessons_lesson ORDER BY id;

SELECT setval(pg_get_serial_sequence(name, 'id'), {reserved})
FROM unnest('{{accounts_user,classrooms_classroom,lessons_lesson}}'::text[]) AS name
"""


@dataclass(frozen=True, slots=True)
class School:
    blocks: int

    @property
    def tutors(self) -> int:
        return self.blocks * TUTORS_PER_BLOCK

    @property
    def lessons(self) -> int:
        return self.tutors * LESSONS_PER_TUTOR

    def student_id(self, tutor: int, number: int) -> int:
        """The id of the student in lesson `number` of tutor `tutor`, both counted from 0."""
        nth = (tutor % 10 * 10 + number % STUDENTS_PER_TUTOR) % STUDENTS_PER_BLOCK
        return self.tutors + 1 + tutor // 10 * STUDENTS_PER_BLOCK + nth

    def lesson_id(self, tutor: int, number: int) -> int:
        return number * self.tutors + tutor + 1

    def week(self, number: int, weeks: range) -> tuple[datetime, datetime]:
        """Start and end of one of the weeks, in which every tutor has exactly 42 lessons."""
        start = MONDAY + timedelta(weeks=weeks[number % len(weeks)])
        return start, start + timedelta(weeks=1)


LARGE, SMALL = School(blocks=100), School(blocks=1)


def insert_school(school: School) -> None:
    """Insert the school into the empty, migrated default database.

    The overlap constraints are dropped first and added afterwards, which is several times faster.
    """
    students = school.blocks * STUDENTS_PER_BLOCK
    statements = _FILL.format(
        tutors=school.tutors,
        students=students,
        monday=MONDAY.isoformat(),
        reserved=MAX_SCHOOL_ID,
        first_group_week=GROUP_WEEKS.start,
        last_group_week=GROUP_WEEKS.stop - 1,
    )
    with connection.schema_editor() as editor:
        overlap.uninstall(None, editor)
        participant_triggers.uninstall(None, editor)
        # Skips the check of each foreign key; the statements cannot create an invalid one.
        editor.execute("SET LOCAL session_replication_role = replica")
        editor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        editor.execute(statements, params=None)
        overlap.ACTUAL_END.install(None, editor, people=["tutor"])
        participant_triggers.install(None, editor)
    with connection.cursor() as cursor:
        # Otherwise autovacuum would do this minutes later, in the middle of a round.
        cursor.execute("VACUUM (FREEZE, ANALYZE)")
        cursor.execute("CHECKPOINT")


def delete_benchmark_writes() -> None:
    """Delete the sessions and lessons of an earlier run."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE django_session")
        new_lessons = "SELECT id FROM lessons_lesson WHERE starts_at >= %s"
        cursor.execute(
            f"DELETE FROM classroom_classroomsession WHERE lesson_id IN ({new_lessons})",
            [FREE_FROM],
        )
        cursor.execute("DELETE FROM lessons_lesson WHERE starts_at >= %s", [FREE_FROM])


def create_access_tokens(user_ids: Iterable[int]) -> dict[int, str]:
    """Create a session and an access token for each user, as sign-in does, but without hashing a
    password, which is slow by design."""
    users = list(User.objects.filter(pk__in=user_ids))
    sessions = create_sessions(users)
    return {
        user.pk: create_access_token(user, session, {})
        for user, session in zip(users, sessions, strict=True)
    }


def create_sessions(users: Iterable[User]) -> list[SessionStore]:
    sessions = []
    for user in users:
        session = SessionStore(session_key=secrets.token_hex(16))
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        sessions.append(session)
    Session.objects.bulk_create(
        session.create_model_instance(dict(session.items())) for session in sessions
    )
    return sessions
