"""Reads a roster: a CSV file or an Excel workbook of students."""

import re
from dataclasses import dataclass
from dataclasses import field as dc_field

from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from apps.classrooms.models import StudentCard
from apps.classrooms.models.student_card import MAX_GUARDIAN, MAX_LEVEL, MAX_NOTE, MAX_PHONE
from apps.classrooms.roster.charsets import Decoded, NotTextError, decode
from apps.classrooms.roster.columns import (
    MAX_HEADING_ROWS,
    Column,
    Columns,
    OnlyGuardianColumnsError,
    find_columns,
)
from apps.classrooms.roster.csv_table import BLANK_ROWS, Line, OpenQuoteError, read_table
from apps.classrooms.roster.fields import NAME_FIELDS, Field, settle_name_order, split_name
from apps.classrooms.roster.xlsx_table import (
    OLE_SIGNATURE,
    DamagedWorkbookError,
    HugeWorkbookError,
    is_workbook,
    read_workbook,
)
from apps.common.spreadsheets import unescape_formula
from apps.common.text import MAX_NAME, clean_email, clean_name, clean_text

MAX_BYTES = 1024 * 1024
MAX_ROWS = 1000
MAX_LINES = 10_000  # blank ones and those within a cell included; building a row takes 3 µs
MAX_SHEET_ROWS = 3000  # of a workbook, blank ones included
MAX_COLUMNS = 200
MAX_EMAIL_LENGTH = 254
MAX_NAME_LENGTH = 200
MAX_NOTES = 5
_ADDRESS_FORM = re.compile(r"(?:[^<>]*<)?(?:mailto:)?([^<>?]+)(?:\?[^<>]*)?>?", re.IGNORECASE)
CONTACT_LIMITS = {
    "phone": MAX_PHONE,
    "guardian_name": MAX_GUARDIAN,
    "guardian_phone": MAX_PHONE,
    "level": MAX_LEVEL,
    "note": MAX_NOTE,
}


class RosterError(Exception):
    """The message is translated, for the user who uploaded the file."""


@dataclass(slots=True)
class RosterRow:
    """`name` is as in the file; `contacts` are fields of a student card."""

    line: int
    email: str = ""
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    contacts: dict[str, str] = dc_field(default_factory=dict)
    shortened: list[str] = dc_field(default_factory=list)  # those of `contacts` that were too long
    error: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the user has chosen on the preview; None and missing fields are detected. A field
    without a column is -1."""

    charset: str = ""
    column: int | None = None
    fields: dict[Field, int] = dc_field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Roster:
    """`rows` is empty until it is known which of the columns in `choices` is the students'."""

    charset: str
    rows: list[RosterRow] = dc_field(default_factory=list)
    column: int | None = None
    choices: list[Column] = dc_field(default_factory=list)
    notes: list[str] = dc_field(default_factory=list)
    all_columns: list[Column] = dc_field(default_factory=list)
    fields: dict[Field, int] = dc_field(default_factory=dict)

    @property
    def is_column_missing(self) -> bool:
        """Whether the user has to choose the column of the students' addresses."""
        return self.column is None and bool(self.choices)

    @property
    def valid_rows(self) -> list[RosterRow]:
        return [row for row in self.rows if not row.error]

    @property
    def valid_emails(self) -> list[str]:
        return [row.email for row in self.valid_rows]


def read_roster(data: bytes, chosen: Choices | None = None) -> Roster:
    """The rows of a file, including those with an error. Raises RosterError."""
    if len(data) > MAX_BYTES:
        raise RosterError(_("The file is too large: at most 1 MB."))
    chosen = chosen or Choices()
    charset, notes = "", []
    if is_workbook(data):
        lines = _read_workbook_lines(data)
    else:
        decoded = _decode(data, chosen.charset)
        charset, notes = decoded.charset, _notes(decoded)
        lines = _read_lines(decoded.text)
    columns = _find_columns(lines)
    column = chosen.column
    if column not in [choice.index for choice in columns.choices]:
        column = columns.chosen
    fields = _merge_fields(columns, chosen.fields)
    body = lines[columns.heading_rows :]
    if len(body) > MAX_ROWS:
        raise _too_many_rows()
    if not body:
        raise RosterError(_("The file has no rows."))
    if columns.guessed_heading:
        titles = ", ".join(filter(None, lines[0][1]))
        notes.append(_("Line 1 is taken as headings: %(titles)s.") % {"titles": titles[:200]})
    rows = [_read_row(*line, column, fields) for line in body]
    notes += _shortened_notes(rows)
    if column is None and columns.choices:
        rows = []
    return Roster(
        charset, _mark_duplicates(rows), column, columns.choices, notes, columns.all, fields
    )


def _merge_fields(columns: Columns, chosen: dict[Field, int]) -> dict[Field, int]:
    """The detected fields with the user's choices; one column may serve several fields."""
    known = {column.index: column for column in columns.all}
    full = known.get(columns.fields.get(Field.FULL_NAME, -1))
    detected = settle_name_order(columns.fields, full.samples if full else [])
    merged = detected | chosen
    return {name: index for name, index in merged.items() if index in known}


def _decode(data: bytes, charset: str) -> Decoded:
    if data.startswith(OLE_SIGNATURE):
        raise RosterError(
            _("This is an old .xls file or one with a password. Save it as .xlsx or CSV.")
        )
    used = data.rstrip(BLANK_ROWS.encode() + b"\0")  # NUL is a part of UTF-16
    if max(used.count(b"\n"), used.count(b"\r")) > MAX_LINES:
        raise _too_many_rows()
    try:
        return decode(data, charset)
    except NotTextError as exc:
        raise RosterError(
            _("This is neither a text file nor an .xlsx workbook. Save the sheet as CSV.")
        ) from exc


def _read_workbook_lines(data: bytes) -> list[Line]:
    try:
        lines = read_workbook(data, max_rows=MAX_SHEET_ROWS, max_columns=MAX_COLUMNS)
    except HugeWorkbookError as exc:
        raise RosterError(_("This workbook is too large. Keep only the sheet with names.")) from exc
    except DamagedWorkbookError as exc:
        raise RosterError(
            _("This workbook cannot be read. Open it and save it again as .xlsx or CSV.")
        ) from exc
    if not lines:
        raise RosterError(_("The file has no rows."))
    if len(lines) > MAX_ROWS + MAX_HEADING_ROWS:
        raise _too_many_rows()
    return lines


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
    if not columns.choices and not any(name in columns.fields for name in NAME_FIELDS):
        raise RosterError(_("No column contains names or e-mail addresses."))
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


def _shortened_notes(rows: list[RosterRow]) -> list[str]:
    """One sentence for each field of which a cell is too long."""
    notes = []
    for name, limit in CONTACT_LIMITS.items():
        lines = [str(row.line) for row in rows if name in row.shortened]
        if lines:
            label = capfirst(StudentCard._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
            shown = ", ".join(lines[:MAX_NOTES]) + ("…" if len(lines) > MAX_NOTES else "")
            values = {"field": label, "n": limit, "lines": shown}
            notes.append(
                _("%(field)s: only the first %(n)s characters are kept in lines %(lines)s.")
                % values
            )
    return notes


def _read_row(
    number: int, cells: list[str], email_index: int | None, fields: dict[Field, int]
) -> RosterRow:
    def cell(index: int | None) -> str:
        return cells[index] if index is not None and index < len(cells) else ""

    row = RosterRow(number)
    texts = {
        name: clean_text(cell(index), multiline=name is Field.NOTE)
        for name, index in fields.items()
    }
    used = [index for name, index in fields.items() if name in NAME_FIELDS]
    row.name = clean_text(" ".join(filter(None, map(cell, sorted(set(used))))))[:MAX_NAME_LENGTH]
    row.first_name, row.last_name = _read_names(texts)
    row.contacts = {
        name: texts[Field(name)][:limit]
        for name, limit in CONTACT_LIMITS.items()
        if texts.get(Field(name))
    }
    row.shortened = [name for name, kept in row.contacts.items() if kept != texts[Field(name)]]
    _read_email(row, cell(email_index).strip())
    return row


def _read_names(texts: dict[Field, str]) -> tuple[str, str]:
    first = " ".join(filter(None, map(texts.get, (Field.FIRST_NAME, Field.MIDDLE_NAME))))
    last = texts.get(Field.LAST_NAME, "")
    if not (first or last):
        for name in (Field.FIRST_LAST, Field.LAST_FIRST):
            if texts.get(name):
                first, last = split_name(texts[name], name)
    if not first:
        first, last = last, ""
    return _clean_name(first), _clean_name(last)


def _clean_name(typed: str) -> str:
    """Empty for what cannot be a name."""
    try:
        return clean_name(typed[:MAX_NAME]) if typed else ""
    except ValidationError:
        return ""


def _read_email(row: RosterRow, email: str) -> None:
    row.email = clean_text(email)[:MAX_EMAIL_LENGTH]
    if not email:
        if not row.first_name:
            row.error = _("This row has neither a name nor an e-mail address.")
        return
    if email.count("@") > 1:
        row.error = _("This cell has two addresses. Keep only the student’s.")
        return
    try:
        row.email = clean_email(_bare_address(email))
    except ValidationError:
        row.error = _("This is not an e-mail address.")
    if len(email) > MAX_EMAIL_LENGTH:
        row.error = _("This e-mail address is too long.")


def _bare_address(cell: str) -> str:
    """Return `o@x.example` for `Olena <o@x.example>` or a link, as address books export them."""
    found = _ADDRESS_FORM.fullmatch(cell)
    return found[1].strip() if found else cell


def _mark_duplicates(rows: list[RosterRow]) -> list[RosterRow]:
    seen: dict[str, int] = {}
    for row in rows:
        if row.error or not row.email:
            continue
        if row.email in seen:
            row.error = _("The same e-mail as in line %(line)s.") % {"line": seen[row.email]}
        else:
            seen[row.email] = row.line
    return rows
