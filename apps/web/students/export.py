"""The CSV export of a tutor's students."""

import csv
import io
from collections.abc import Iterator

from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.classrooms.queries import list_my_students
from apps.common.pagination import Page
from apps.common.spreadsheets import escape_formula

EXPORT_PAGE_SIZE = 100


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
