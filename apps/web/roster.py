"""Reading a list of students out of whatever a spreadsheet saved."""

import csv
import io
import re
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from apps.classrooms.models import Classroom, Membership
from apps.common.text import clean_email, fold

MAX_BYTES = 1024 * 1024
MAX_ROWS = 1000
LONGEST_EMAIL = 254

_EMAIL = {"email", "e-mail", "mail", "e-mail address", "email address", "пошта"}
_EMAIL |= {"електронна пошта", "ел. пошта", "ел.пошта", "електронна адреса", "імейл", "емейл"}
_NAMES = {"name", "full name", "first name", "last name", "surname", "student", "firstname"}
_NAMES |= {"lastname", "ім'я", "ім’я", "імя", "прізвище", "піб", "учень", "учениця", "студент"}


class RosterError(Exception):
    """Its text is a sentence for the person who uploaded the file."""


@dataclass(slots=True)
class RosterRow:
    line: int
    email: str
    name: str
    error: str = ""


def read_roster(data: bytes) -> list[RosterRow]:
    """The rows of a CSV file, those with an error too. Raises RosterError."""
    if len(data) > MAX_BYTES:
        raise RosterError(_("The file is larger than 1 MiB."))
    lines = _cells(_decoded(data))
    if not lines:
        raise RosterError(_("The file has no rows."))
    head = [fold(cell) for cell in lines[0][1]]
    email_at = _students_column(head)
    names_at = [i for i, cell in enumerate(head) if cell in _NAMES]
    if email_at is not None:
        lines = lines[1:]
    else:
        email_at = _column_with_at_signs(lines)
        names_at = [i for i in range(len(head)) if i != email_at]
    if len(lines) > MAX_ROWS:
        raise RosterError(_("At most %(n)s rows at once.") % {"n": MAX_ROWS})
    if not lines:
        raise RosterError(_("The file has no rows."))
    return _without_repeats([_row(number, cells, email_at, names_at) for number, cells in lines])


_PARENTS = {"parent", "parents", "mother", "mothers", "father", "fathers", "mom", "mum", "dad"}
_PARENTS |= {"guardian", "guardians", "мама", "мами", "тато", "тата", "мати", "матері", "батько"}
_PARENTS |= {"батька", "батьки", "батьків", "опікун", "опікуна", "вчитель", "вчителя", "teacher"}
_STUDENTS = {"student", "students", "pupil", "child", "учень", "учня", "учениці", "дитини"}


def _students_column(head: list[str]) -> int | None:
    """Where the headings say the student's e-mail is; never a parent's. Raises RosterError."""
    words = [set(re.findall(r"\w+", cell)) for cell in head]
    of_mail = [
        i
        for i, cell in enumerate(head)
        if "@" not in cell and (cell in _EMAIL or re.search("mail|пошт|імейл|емейл", cell))
    ]
    own = [i for i in of_mail if not words[i] & _PARENTS]
    if of_mail and not own:
        raise RosterError(_("The only e-mail column is the parents’. Add one of the students’."))
    return next((i for i in own if words[i] & _STUDENTS), own[0] if own else None)


def _decoded(data: bytes) -> str:
    """UTF-8 with a BOM or without, UTF-16 with one, or else Windows-1251, as Excel saves it."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "cp1251"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        text = text.replace("\ufeff", "")
        if "\0" not in text:
            return text
    raise RosterError(_("This is not a text file. Save the sheet as CSV and try again."))


def _cells(text: str) -> list[tuple[int, list[str]]]:
    """The non-empty lines with their numbers, by the delimiter that the first of them has most."""
    offset, delimiter = 0, ""
    first, _newline, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:
        offset, delimiter, text = 1, first.strip()[-1], rest
    sample = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = delimiter or max(";,\t", key=sample.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        return [
            (reader.line_num + offset, [cell.strip() for cell in cells])
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error as exc:
        raise RosterError(_("The file is not a proper CSV table.")) from exc


def _column_with_at_signs(lines: list[tuple[int, list[str]]]) -> int:
    found: dict[int, int] = {}
    for _number, cells in lines:
        for i, cell in enumerate(cells):
            if "@" in cell:
                found[i] = found.get(i, 0) + 1
    if not found:
        raise RosterError(_("No column holds e-mail addresses."))
    return max(found, key=lambda i: found[i])


def _row(number: int, cells: list[str], email_at: int, names_at: list[int]) -> RosterRow:
    email = cells[email_at].strip() if email_at < len(cells) else ""
    name = " ".join(cells[i] for i in names_at if i < len(cells) and cells[i])
    row = RosterRow(number, email[:LONGEST_EMAIL], name[:200])
    if not email:
        row.error = _("There is no e-mail in this row.")
        return row
    if email.count("@") > 1:
        row.error = _("There are two addresses in this cell. Leave the student’s alone in it.")
        return row
    try:
        row.email = clean_email(email)
    except ValidationError:
        row.error = _("This is not an e-mail address.")
    if len(email) > LONGEST_EMAIL:
        row.error = _("This e-mail address is too long.")
    return row


def _without_repeats(rows: list[RosterRow]) -> list[RosterRow]:
    seen: dict[str, int] = {}
    for row in rows:
        if row.error:
            continue
        if row.email in seen:
            row.error = _("The same e-mail as in line %(line)s.") % {"line": seen[row.email]}
        else:
            seen[row.email] = row.line
    return rows


def check_against(classroom: Classroom | None, rows: list[RosterRow]) -> None:
    """Adds who is in the classroom already; whether an address has an account is not looked at."""
    present = _present(classroom) if classroom else {}
    for row in rows:
        if row.error:
            continue
        if row.email in present:
            row.error = _("Already in this classroom: %(state)s.") % {"state": present[row.email]}


def _present(classroom: Classroom) -> dict[str, Any]:
    memberships = Membership.objects.filter(classroom=classroom).exclude(
        status=Membership.Status.REMOVED
    )
    return {
        str(email or invited): Membership.Status(status).label
        for email, invited, status in memberships.values_list(
            "student__email", "invited_email", "status"
        )
    }
