"""Reads a roster, a CSV file of students."""

import re
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from apps.classrooms.roster.charsets import Decoded, NotTextError, decode
from apps.classrooms.roster.columns import (
    MAX_HEADING_ROWS,
    Column,
    Columns,
    OnlyGuardianColumnsError,
    find_columns,
)
from apps.classrooms.roster.csv_table import BLANK_ROWS, Line, OpenQuoteError, read_table
from apps.common.spreadsheets import unescape_formula
from apps.common.text import clean_email, clean_text

MAX_BYTES = 1024 * 1024
MAX_ROWS = 1000
MAX_LINES = 10_000  # blank ones and those within a cell included; building a row takes 3 µs
MAX_COLUMNS = 200
MAX_EMAIL_LENGTH = 254
MAX_NAME_LENGTH = 200
MAX_NOTES = 5
_ADDRESS_FORM = re.compile(r"(?:[^<>]*<)?(?:mailto:)?([^<>?]+)(?:\?[^<>]*)?>?", re.IGNORECASE)


class RosterError(Exception):
    """The message is translated, for the user who uploaded the file."""


@dataclass(slots=True)
class RosterRow:
    line: int
    email: str
    name: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Roster:
    """`rows` is empty until it is known which of the columns in `choices` is the students'."""

    charset: str
    rows: list[RosterRow] = field(default_factory=list)
    column: int | None = None
    choices: list[Column] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def valid_emails(self) -> list[str]:
        return [row.email for row in self.rows if not row.error]


def read_roster(data: bytes, charset: str = "", column: int | None = None) -> Roster:
    """The rows of a CSV file, including those with an error. Raises RosterError.

    `charset` and `column` are detected if they are not given.
    """
    if len(data) > MAX_BYTES:
        raise RosterError(_("The file is too large: at most 1 MB."))
    used = data.rstrip(BLANK_ROWS.encode() + b"\0")  # NUL is a part of UTF-16
    if max(used.count(b"\n"), used.count(b"\r")) > MAX_LINES:
        raise _too_many_rows()
    try:
        decoded = decode(data, charset)
    except NotTextError as exc:
        raise RosterError(
            _("This is not a text file. Save the sheet as CSV and try again.")
        ) from exc
    lines = _read_lines(decoded.text)
    columns = _find_columns(lines)
    if column not in [choice.index for choice in columns.choices]:
        column = columns.chosen
    body = lines[columns.heading_rows :]
    if len(body) > MAX_ROWS:
        raise _too_many_rows()
    if not body:
        raise RosterError(_("The file has no rows."))
    rows = [] if column is None else [_read_row(*line, column, columns.names) for line in body]
    return Roster(decoded.charset, _mark_duplicates(rows), column, columns.choices, _notes(decoded))


def _read_lines(text: str) -> list[Line]:
    try:
        lines = read_table(text)
    except OpenQuoteError as exc:
        raise RosterError(
            _(
                "A quotation mark in line %(line)s is never closed. Close or delete it and choose "
                "the file again."
            )
            % {"line": exc.line}
        ) from exc
    if not lines:
        raise RosterError(_("The file has no rows."))
    if len(lines) > MAX_ROWS + MAX_HEADING_ROWS:
        raise _too_many_rows()
    return [
        (number, [unescape_formula(cell).strip() for cell in cells[:MAX_COLUMNS]])
        for number, cells in lines
    ]


def _too_many_rows() -> RosterError:
    return RosterError(_("At most %(n)s rows at once.") % {"n": MAX_ROWS})


def _find_columns(lines: list[Line]) -> Columns:
    try:
        columns = find_columns([cells for _number, cells in lines])
    except OnlyGuardianColumnsError as exc:
        raise RosterError(
            _(
                "The file only has e-mail addresses of parents or other adults (%(columns)s). "
                "Add a column with the students’ own addresses."
            )
            % {"columns": ", ".join(exc.titles)}
        ) from exc
    if not columns.choices:
        raise RosterError(_("No column contains e-mail addresses."))
    return columns


def _notes(decoded: Decoded) -> list[str]:
    notes = [
        _("Line %(line)s has a character that could not be read (%(byte)s); it is shown as �.")
        % {"line": line, "byte": f"0x{byte:02X}"}
        for line, byte in decoded.bad_bytes[:MAX_NOTES]
    ]
    if len(decoded.bad_bytes) > MAX_NOTES:
        more = len(decoded.bad_bytes) - MAX_NOTES
        notes.append(_("Other characters that could not be read: %(n)s.") % {"n": more})
    return notes


def _read_row(
    number: int, cells: list[str], email_index: int, name_indexes: list[int]
) -> RosterRow:
    email = cells[email_index].strip() if email_index < len(cells) else ""
    name = " ".join(cells[i] for i in name_indexes if i < len(cells) and cells[i])
    shown = clean_text(email[:MAX_EMAIL_LENGTH])
    row = RosterRow(number, shown, clean_text(name[: 2 * MAX_NAME_LENGTH])[:MAX_NAME_LENGTH])
    if not email:
        row.error = _("This row has no e-mail address.")
        return row
    if email.count("@") > 1:
        row.error = _("This cell has two addresses. Keep only the student’s.")
        return row
    try:
        row.email = clean_email(_bare_address(email))
    except ValidationError:
        row.error = _("This is not an e-mail address.")
    if len(email) > MAX_EMAIL_LENGTH:
        row.error = _("This e-mail address is too long.")
    return row


def _bare_address(cell: str) -> str:
    """Return `o@x.example` for `Olena <o@x.example>` or a link, as address books export them."""
    found = _ADDRESS_FORM.fullmatch(cell)
    return found[1].strip() if found else cell


def _mark_duplicates(rows: list[RosterRow]) -> list[RosterRow]:
    seen: dict[str, int] = {}
    for row in rows:
        if row.error:
            continue
        if row.email in seen:
            row.error = _("The same e-mail as in line %(line)s.") % {"line": seen[row.email]}
        else:
            seen[row.email] = row.line
    return rows
