"""The CSV export of a tutor's students, which the roster import reads back."""

import csv
import io
from collections.abc import Iterator

from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.classrooms.models import StudentCard
from apps.classrooms.models.student_card import CONTACT_FIELDS
from apps.classrooms.queries import list_my_students
from apps.common.pagination import Page
from apps.common.spreadsheets import escape_formula

EXPORT_PAGE_SIZE = 100


def students_csv(tutor: User) -> Iterator[str]:
    """Yield all students line by line; cells that a spreadsheet would execute are escaped."""
    yield "\ufeff" + _csv_line(_headings())
    page = Page(EXPORT_PAGE_SIZE, 0)
    while True:
        _count, rows = list_my_students(tutor, "", page)
        cards = _contacts(tutor, [row["id"] for row in rows])
        for row in rows:
            names = [row["last_name"], row["first_name"], row["email"]]
            contacts = cards.get(row["id"], [""] * len(CONTACT_FIELDS))
            classrooms = ", ".join(c["name"] for c in row["classrooms"])
            yield _csv_line([*names, classrooms, *contacts])
        if len(rows) < EXPORT_PAGE_SIZE:
            return
        page = Page(EXPORT_PAGE_SIZE, page.stop)


def _headings() -> list[str]:
    """As the import recognises them; the contacts are in the order of CONTACT_FIELDS."""
    contacts = [_("Phone"), _("Parent’s name"), _("Parent’s phone"), _("Level"), _("Note")]
    return [_("Last name"), _("First name"), _("E-mail"), _("Classrooms"), *contacts]


def _contacts(tutor: User, students: list[int]) -> dict[int, list[str]]:
    """This tutor's cards of the students, by student id."""
    cards = StudentCard.objects.filter(tutor=tutor, student__in=students)
    return {pk: contacts for pk, *contacts in cards.values_list("student", *CONTACT_FIELDS)}


def _csv_line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(map(escape_formula, cells))
    return out.getvalue()
