"""Control (a), a practical ceiling: bare Django views with one hand-written SQL statement each.

The statement checks the permission and builds the JSON in the database. There is no validation of
input, no handling of overlaps or idempotency, and no error body.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from apps.accounts.authentication import AccessTokenAuthentication
from apps.accounts.models import User
from apps.common import tokens
from apps.lessons.invites import PURPOSE

_INSTANT = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""

_LESSON = f"""
json_build_object('id', l.id, 'title', l.title,
    'starts_at', {_INSTANT.format("l.starts_at")}, 'ends_at', {_INSTANT.format("l.ends_at")},
    'status', l.status,
    'tutor', json_build_object('id', t.id, 'first_name', t.first_name, 'last_name', t.last_name),
    'student', json_build_object('id', s.id, 'first_name', s.first_name, 'last_name', s.last_name),
    'students', {{students}}, 'classroom_id', l.classroom_id, 'session_uuid', r.uuid,
    'series_id', null, 'original_starts_at', null)
"""
# `student` is the first of them, as in all lessons of the benchmark.
_STUDENTS = """
(SELECT json_agg(json_build_object('id', u.id, 'first_name', u.first_name,
        'last_name', u.last_name, 'status', p.status) ORDER BY u.sort_key, u.id)
    FROM lessons_participant p JOIN accounts_user u ON u.id = p.student_id
    WHERE p.lesson_id = l.id)
"""
_ONLY_STUDENT = """
json_build_array(json_build_object('id', s.id, 'first_name', s.first_name,
    'last_name', s.last_name, 'status', 'booked'))
"""

_RANGE = f"""
SELECT json_build_object('results',
    coalesce(json_agg({_LESSON.format(students=_STUDENTS)} ORDER BY l.starts_at, l.id), '[]'))::text
FROM lessons_lesson l JOIN accounts_user t ON t.id = l.tutor_id
    JOIN accounts_user s ON s.id = l.student_id
    LEFT JOIN classroom_classroomsession r ON r.lesson_id = l.id
WHERE l.tutor_id = %s AND l.starts_at > %s AND l.starts_at < %s AND l.ends_at > %s
    AND l.status <> 'cancelled'
"""

_CREATE = f"""
WITH l AS (
    INSERT INTO lessons_lesson (tutor_id, student_id, classroom_id, title, starts_at, ends_at,
        status, allow_overlap, cancel_reason, invite_generation, idempotency_digest, created_at)
    SELECT c.tutor_id, m.student_id, c.id, %s, %s, %s, 'scheduled', false, '', 0, '', now()
    FROM classrooms_membership m JOIN classrooms_classroom c ON c.id = m.classroom_id
    WHERE c.tutor_id = %s AND m.student_id = %s AND m.status = 'active' AND c.archived_at IS NULL
    ORDER BY m.joined_at, m.id LIMIT 1
    RETURNING *
), r AS (
    INSERT INTO classroom_classroomsession (uuid, lesson_id, lobby_enabled, notes, created_at)
    SELECT gen_random_uuid(), l.id, true, '', now() FROM l RETURNING *
)
SELECT ({_LESSON.format(students=_ONLY_STUDENT)})::text
FROM l JOIN r ON r.lesson_id = l.id JOIN accounts_user t ON t.id = l.tutor_id
    JOIN accounts_user s ON s.id = l.student_id
"""

_CREATE_SERIES = """
WITH place AS (
    SELECT c.id, c.tutor_id, m.student_id, %s::timestamptz AS first
    FROM classrooms_membership m JOIN classrooms_classroom c ON c.id = m.classroom_id
    WHERE c.tutor_id = %s AND m.student_id = %s AND m.status = 'active' AND c.archived_at IS NULL
    ORDER BY m.joined_at, m.id LIMIT 1
), series AS (
    INSERT INTO lessons_lessonseries (tutor_id, classroom_id, title, rrule, timezone, start_date,
        start_time, duration_minutes, day_shift, skip_dates, ends_on, covered_until, skipped,
        board_mode, idempotency_digest, created_at)
    SELECT tutor_id, id, %s, %s, 'UTC', first::date, first::time, 60, 0, '[]',
        first::date + 357, first::date + 357, '[]', 'fresh', '', now()
    FROM place RETURNING *
), member AS (
    INSERT INTO lessons_seriesstudent (series_id, student_id)
    SELECT series.id, place.student_id FROM series, place
), l AS (
    INSERT INTO lessons_lesson (tutor_id, student_id, classroom_id, series_id, original_starts_at,
        title, starts_at, ends_at, status, allow_overlap, cancel_reason, invite_generation,
        idempotency_digest, created_at)
    SELECT place.tutor_id, place.student_id, place.id, series.id, starts_at, series.title,
        starts_at, starts_at + '1 hour', 'scheduled', false, '', 0, '', now()
    FROM place, series, generate_series(first, first + '357 days', '7 days') AS starts_at
    RETURNING *
), r AS (
    INSERT INTO classroom_classroomsession (uuid, lesson_id, lobby_enabled, notes, created_at)
    SELECT gen_random_uuid(), l.id, true, '', now() FROM l
)
SELECT json_build_object('id', id, 'title', title, 'lessons_count', (SELECT count(*) FROM l))::text
FROM series
"""

_ROOM = """
SELECT json_build_object('lesson_id', l.id, 'session_uuid', r.uuid)::text
FROM lessons_lesson l JOIN classroom_classroomsession r ON r.lesson_id = l.id
WHERE l.id = %s AND %s IN (l.tutor_id, l.student_id)
"""

_INVITE_GENERATION = """
SELECT json_build_object('gen', invite_generation)::text FROM lessons_lesson
WHERE id = %s AND tutor_id = %s AND status <> 'cancelled'
"""

_RESOLVE = """
SELECT json_build_object('lesson_id', l.id, 'session_uuid', r.uuid)::text
FROM lessons_lesson l JOIN classroom_classroomsession r ON r.lesson_id = l.id
WHERE l.id = %s AND l.invite_generation = %s AND l.status <> 'cancelled'
"""

_MY_STUDENTS = """
WITH shared AS (
    SELECT m.student_id, json_agg(json_build_object('id', c.id, 'name', c.name)
        ORDER BY c.name, c.id) AS classrooms
    FROM classrooms_membership m JOIN classrooms_classroom c ON c.id = m.classroom_id
    WHERE c.tutor_id = %s AND m.status = 'active' AND c.archived_at IS NULL
    GROUP BY m.student_id
), response AS (
    SELECT u.id, u.first_name, u.last_name, u.email, u.sort_key, shared.classrooms,
        count(*) OVER () AS total
    FROM shared JOIN accounts_user u ON u.id = shared.student_id
    WHERE u.search_text LIKE %s
    ORDER BY u.sort_key, u.id LIMIT %s OFFSET %s
)
SELECT json_build_object('count', coalesce(max(total), 0), 'results', coalesce(json_agg(
    json_build_object('id', id, 'first_name', first_name, 'last_name', last_name, 'email', email,
        'classrooms', classrooms) ORDER BY sort_key, id), '[]'))::text
FROM response
"""


_FEED = r"""
WITH names AS (
    SELECT l.id, string_agg(concat(s.first_name, ' ', s.last_name), ', ' ORDER BY s.sort_key) AS who
    FROM lessons_lesson l JOIN lessons_participant p ON p.lesson_id = l.id
        JOIN accounts_user s ON s.id = p.student_id
    WHERE l.tutor_id = %s AND l.starts_at > now() - interval '92 days'
    GROUP BY l.id
)
SELECT concat(E'BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//EN\r\n',
    string_agg(concat(E'BEGIN:VEVENT\r\nUID:lesson-', l.id, '@', i.uuid,
        E'\r\nDTSTART:', to_char(l.starts_at AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISS"Z"'),
        E'\r\nDTEND:', to_char(l.ends_at AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISS"Z"'),
        E'\r\nDTSTAMP:', to_char(l.updated_at AT TIME ZONE 'UTC', 'YYYYMMDD"T"HH24MISS"Z"'),
        E'\r\nSUMMARY:', l.title, ' · ', names.who,
        E'\r\nSEQUENCE:', l.sequence, E'\r\nEND:VEVENT\r\n'), '' ORDER BY l.starts_at),
    E'END:VCALENDAR\r\n')
FROM names JOIN lessons_lesson l ON l.id = names.id CROSS JOIN common_installation i
WHERE l.status <> 'cancelled'
"""
_FEED_STATE = """
SELECT count(*), max(updated_at) FROM lessons_lesson
WHERE tutor_id = %s AND starts_at > now() - interval '92 days'
"""


def feed(request: HttpRequest, tutor_id: int) -> HttpResponse:
    with connection.cursor() as cursor:
        if "unchanged" in request.GET:
            cursor.execute(_FEED_STATE, [tutor_id])
            count, _latest = cursor.fetchone()
            return HttpResponse(status=304 if count else 200)
        cursor.execute(_FEED, [tutor_id])
        (body,) = cursor.fetchone()
    return HttpResponse(body, content_type="text/calendar; charset=utf-8")


def _query_json(statement: str, values: list[object], status: int = 200) -> HttpResponse:
    with connection.cursor() as cursor:
        # Statements return text, because psycopg would decode JSON and it would be encoded again.
        cursor.execute(statement, values)
        (body,) = cursor.fetchone() or ("",)
    return HttpResponse(body, content_type="application/json", status=status if body else 404)


def _authenticated(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    def inner(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        user, _claims = AccessTokenAuthentication().authenticate(request)
        return view(request, user, **kwargs)

    inner.csrf_exempt = True
    return inner


@_authenticated
def lessons(request: HttpRequest, user: User) -> HttpResponse:
    if request.method == "POST":
        data = json.loads(request.body)
        times = [data["starts_at"], data["ends_at"]]
        return _query_json(_CREATE, [data["title"], *times, user.pk, data["student_id"]], 201)
    start, end = (datetime.fromisoformat(request.GET[name]) for name in ("from", "to"))
    return _query_json(_RANGE, [user.pk, start - timedelta(hours=12), end, start])


@_authenticated
def lesson_series(request: HttpRequest, user: User) -> HttpResponse:
    data = json.loads(request.body)
    first = f"{data['starts_at']}:00+00:00"
    values = [first, user.pk, data["student_id"], data["title"], data["rrule"]]
    return _query_json(_CREATE_SERIES, values, 201)


@_authenticated
def room(request: HttpRequest, user: User, lesson_id: int) -> HttpResponse:
    return _query_json(_ROOM, [lesson_id, user.pk])


@_authenticated
def invite(request: HttpRequest, user: User, lesson_id: int) -> HttpResponse:
    response = _query_json(_INVITE_GENERATION, [lesson_id, user.pk])
    expires_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    claims = {"lesson": lesson_id, **json.loads(response.content)}
    token = tokens.sign(PURPOSE, claims, expires_at=expires_at)
    url = f"{settings.PUBLIC_URL}/invite/{token}"
    body = {"invite_url": url, "expires_at": expires_at.isoformat(), "token": token}
    return HttpResponse(json.dumps(body), content_type="application/json")


@_authenticated
def resolve(request: HttpRequest, user: User) -> HttpResponse:
    claims = tokens.read(PURPOSE, request.GET["token"])
    return _query_json(_RESOLVE, [claims["lesson"], claims["gen"]])


@_authenticated
def my_students(request: HttpRequest, user: User) -> HttpResponse:
    word = f"%{request.GET.get('q', '').lower()}%"
    limit, offset = (
        request.GET.get(name, default) for name, default in (("limit", 20), ("offset", 0))
    )
    return _query_json(_MY_STUDENTS, [user.pk, word, int(limit), int(offset)])


urlpatterns = [
    path("lesson-series/", lesson_series),
    path("lessons/", lessons),
    path("lessons/<int:lesson_id>/room/", room),
    path("lessons/<int:lesson_id>/invite/", invite),
    path("lesson-invites/resolve/", resolve),
    path("classroom/my-students/", my_students),
    path("feeds/<int:tutor_id>/", feed),
]
