"""A tutor's students as the pages show them: with the lesson before and the lesson after now."""

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
from apps.classrooms.queries import my_students
from apps.common.pagination import Page
from apps.common.parsing import MAX_ID
from apps.lessons.errors import not_a_member
from apps.lessons.models import Lesson

Row = dict[str, Any]
EXPORT_PAGE = 100


def students_page(tutor: User, words: str, page: Page, now: datetime) -> tuple[int, list[Row]]:
    """`my_students`, each row with `next` and `last`, a lesson or None; two queries more."""
    count, rows = my_students(tutor, words, page)
    if rows:
        theirs = Lesson.objects.not_cancelled().filter(tutor=tutor, student=OuterRef("pk"))
        coming = theirs.ending_after(now).in_order()
        past = theirs.ended_by(now).order_by("-starts_at", "-id")
        ids = {
            pk: (next_id, last_id)
            for pk, next_id, last_id in User.objects.filter(pk__in=[r["id"] for r in rows])
            .annotate(
                next_id=Subquery(coming.values("pk")[:1]), last_id=Subquery(past.values("pk")[:1])
            )
            .values_list("pk", "next_id", "last_id")
        }
        lessons = Lesson.objects.in_bulk({i for pair in ids.values() for i in pair if i})
        for row in rows:
            row["next"], row["last"] = (lessons.get(i) for i in ids[row["id"]])
    return count, rows


def my_student(tutor: User, student_id: str) -> tuple[User, list[tuple[int, str]]]:
    """The student, and the classrooms the two share, earliest joined first. Raises
    `not_a_member`."""
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
    """Every student, in pieces of a hundred. Cells that a spreadsheet would run are disarmed."""
    yield "\ufeff" + _line(
        [_("Last name"), _("First name"), _("E-mail"), _("Classrooms")],
    )
    page = Page(EXPORT_PAGE, 0)
    while True:
        _count, rows = my_students(tutor, "", page)
        for row in rows:
            classrooms = ", ".join(c["name"] for c in row["classrooms"])
            yield _line([row["last_name"], row["first_name"], row["email"], classrooms])
        if len(rows) < EXPORT_PAGE:
            return
        page = Page(EXPORT_PAGE, page.stop)


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(map(disarmed, cells))
    return out.getvalue()


# Where a spreadsheet may begin a cell, and what makes it a formula there (OWASP's list).
_BEGINNING = r"(?<![^;\t\r\n])"
_FORMULA = r"(?='*(?:[^\S\t\r\n]*[=+\-@＝＋－＠]|[\t\r\n]))"


def disarmed(cell: str) -> str:
    """Never a formula: an apostrophe stands before whatever could begin one."""
    return re.sub(_BEGINNING + _FORMULA, "'", cell)


def armed(cell: str) -> str:
    """What `disarmed` made this cell of."""
    return re.sub(f"{_BEGINNING}'{_FORMULA}", "", cell)
