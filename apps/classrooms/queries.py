"""Reads of a tutor's students and of the members of a classroom."""

from typing import Any

from django.db import connection

from apps.accounts.models import User
from apps.classrooms.models import Classroom, Membership, normalize_join_code
from apps.common.db import select_rows
from apps.common.pagination import Page
from apps.common.text import casefold, shown_email

Row = dict[str, Any]


_STUDENTS = """
WITH shared AS (
    SELECT membership.student_id, classroom.id AS classroom_id, classroom.name,
        classroom.sort_key
    FROM classrooms_membership AS membership
    JOIN classrooms_classroom AS classroom ON classroom.id = membership.classroom_id
    WHERE classroom.tutor_id = %s AND classroom.archived_at IS NULL
        AND membership.role = 'student' AND membership.status = 'active'
), people AS (
    SELECT id, first_name, last_name, COALESCE(email, contact_email) AS email, sort_key
    FROM accounts_user
    WHERE id IN (SELECT student_id FROM shared) {matching}
)
"""
_COUNT = f"{_STUDENTS} SELECT COUNT(*) FROM people"  # noqa: S608 (constants)
_PAGE = f"""
{_STUDENTS}, page AS (
    SELECT *, COUNT(*) OVER () AS total FROM people
    ORDER BY sort_key, id LIMIT %s OFFSET %s
)
SELECT page.id, first_name, last_name, email, total, shared.classroom_id, shared.name
FROM page JOIN shared ON shared.student_id = page.id
ORDER BY page.sort_key, page.id, shared.sort_key, shared.classroom_id
"""  # noqa: S608


def list_my_students(tutor: User, words: str, page: Page) -> tuple[int, list[Row]]:
    """Return the number of matching students and one page of them with their shared classrooms.

    Uses one query, or a second one for the count if the page is beyond the end.
    """
    likes = [f"%{connection.ops.prep_for_like_query(word)}%" for word in casefold(words).split()]
    matching = "AND search_text LIKE %s ESCAPE '\\' " * len(likes)
    found = select_rows(_PAGE.format(matching=matching), tutor.pk, *likes, page.limit, page.offset)
    rows: dict[int, Row] = {}
    for pk, first, last, email, _total, classroom_id, name in found:
        if pk not in rows:
            rows[pk] = {
                "id": pk,
                "first_name": first,
                "last_name": last,
                "email": shown_email(email),
                "classrooms": [],
            }
        rows[pk]["classrooms"].append({"id": classroom_id, "name": name})
    if found or not page.offset:
        return (found[0][4] if found else 0), list(rows.values())
    return select_rows(_COUNT.format(matching=matching), tutor.pk, *likes)[0][0], []


def list_members(
    classroom_id: int, words: str, status: str | None, page: Page
) -> tuple[int, list[Row]]:
    """Return the count and one page of memberships, including removed ones, ordered by name.

    Invited addresses come last."""
    memberships = Membership.objects.filter(classroom=classroom_id).matching(words)
    if status:
        memberships = memberships.filter(status=status)
    ordered = memberships.select_related("student").in_order()
    return memberships.count(), [serialize_membership(m) for m in ordered[page.offset : page.stop]]


def serialize_membership(membership: Membership) -> Row:
    student = None if membership.is_name_hidden else membership.student
    return {
        "id": membership.pk,
        "classroom_id": membership.classroom_id,
        "student": {
            "id": student.pk if student else None,
            "first_name": student.first_name if student else "",
            "last_name": student.last_name if student else "",
            "email": membership.shown_email,
        },
        "role": membership.role,
        "status": membership.status,
        "joined_at": membership.joined_at,
    }


def next_setup_step(user: User) -> str:
    """Return the next step before a lesson can be scheduled: "join" for a student, "classroom" or
    "students" for a tutor, or "" if nothing is missing."""
    if not user.is_tutor:
        return "" if Membership.objects.of(user).active().exists() else "join"
    if not Classroom.objects.of(user).exists():
        return "classroom"
    return "" if Membership.objects.active().taught_by(user).exists() else "students"


def find_classroom_by_code(join_code: str) -> Classroom | None:
    """The classroom that a student joins by the code; None for a wrong code or a closed one."""
    code = normalize_join_code(join_code)
    found = Classroom.objects.filter(join_code=code, archived_at=None, is_code_open=True)
    return found.select_related("tutor").first()
