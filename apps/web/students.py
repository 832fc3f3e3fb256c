"""A tutor's students for the pages and the CSV export."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.classrooms.models import Membership
from apps.classrooms.queries import list_my_students
from apps.common.pagination import Page
from apps.common.parsing import MAX_ID
from apps.lessons.errors import not_a_member
from apps.lessons.models import Lesson

Row = dict[str, Any]
EXPORT_PAGE_SIZE = 100


def students_page(tutor: User, search: str, page: Page, now: datetime) -> tuple[int, list[Row]]:
    """Rows of `list_my_students` with their next and last lesson, which takes two more queries."""
    count, rows = list_my_students(tutor, search, page)
    if rows:
        shared = Lesson.objects.not_cancelled().filter(tutor=tutor, student=OuterRef("pk"))
        upcoming = shared.ending_after(now).in_order()
        past = shared.ended_by(now).order_by("-starts_at", "-id")
        ids = {
            pk: (next_id, last_id)
            for pk, next_id, last_id in User.objects.filter(pk__in=[r["id"] for r in rows])
            .annotate(
                next_id=Subquery(upcoming.values("pk")[:1]), last_id=Subquery(past.values("pk")[:1])
            )
            .values_list("pk", "next_id", "last_id")
        }
        lessons = Lesson.objects.in_bulk({i for pair in ids.values() for i in pair if i})
        for row in rows:
            row["next"], row["last"] = (lessons.get(i) for i in ids[row["id"]])
    return count, rows


def find_student(tutor: User, student_id: str) -> tuple[User, list[tuple[int, str]]]:
    """The student and the shared classrooms, first joined first. Raises `not_a_member`."""
    if not student_id.isascii() or not student_id.isdecimal() or int(student_id) > MAX_ID:
        raise not_a_member()
    shared = list(
        Membership.objects.active()
        .taught_by(tutor)
        .filter(student=int(student_id))
        .select_related("student", "classroom")
        .order_by("joined_at", "id")
    )
    if not shared or shared[0].student is None:
        raise not_a_member()
    return shared[0].student, [(m.classroom_id, m.classroom.name) for m in shared]


def students_csv(tutor: User) -> Iterator[str]:
    """Yield all students line by line; cells that a spreadsheet would execute are escaped."""
    yield "\ufeff" + _csv_line(
        [_("Last name"), _("First name"), _("E-mail"), _("Classrooms")],
    )
    page = Page(EXPORT_PAGE_SIZE, 0)
    while True:
        _count, rows = list_my_students(tutor, "", page)
        for row in rows:
            classrooms = ", ".join(c["name"] for c in row["classrooms"])
            yield _csv_line([row["last_name"], row["first_name"], row["email"], classrooms])
        if len(rows) < EXPORT_PAGE_SIZE:
            return
        page = Page(EXPORT_PAGE_SIZE, page.stop)


def _csv_line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(map(escape_formula, cells))
    return out.getvalue()


# Where a spreadsheet may start a cell, and what makes it a formula there (OWASP CSV injection).
_CELL_START = r"(?<![^;\t\r\n])"
_FORMULA = r"(?='*(?:[^\S\t\r\n]*[=+\-@＝＋－＠]|[\t\r\n]))"


def escape_formula(cell: str) -> str:
    """Prefix everything that could start a formula with an apostrophe."""
    return re.sub(_CELL_START + _FORMULA, "'", cell)


def unescape_formula(cell: str) -> str:
    """Revert `escape_formula`."""
    return re.sub(f"{_CELL_START}'{_FORMULA}", "", cell)
