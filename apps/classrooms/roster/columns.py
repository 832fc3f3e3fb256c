"""Finds the columns of a roster: the students' e-mail addresses, names and contacts."""

import re
from collections import Counter
from dataclasses import dataclass, field

from apps.classrooms.roster.adults import has_adults_addresses
from apps.classrooms.roster.csv_table import has_address
from apps.classrooms.roster.fields import (
    EMAIL_WORDS,
    NAME_FIELDS,
    Field,
    find_field,
    find_fields,
    is_about_another,
    normalise_heading,
)

_STUDENT_WORDS = re.compile(
    r"(?<![^\W_])(student|pupil|child|kid|учен|учн|дитин|дитяч|студент|школяр)"
)
# The words that a heading of the students' own addresses may consist of.
_STUDENT_HEADING_WORDS = re.compile(
    "((student|pupil|kid)s?|child(ren)?)?(e?mail)?s?|(учен|учн|дитин|дитяч|студент|школяр)[а-яіїєґ]*"
    "|gmail|google|address(es)?|of|the|own|personal|school|class|group|list"
    "|(пошт|почт|електронн|імейл|емейл|мейл|адрес|скриньк|особист|власн|шкільн|корпоратив)[а-яіїєґ]*"
    "|клас|класу|групи|список"
)
MAX_HEADING_ROWS = 10
_MAX_SAMPLES = 2
_MAX_HEADING = 60
_PHONE = re.compile(r"\+?[\d ()./-]{6,}")

Cells = list[str]


class OnlyGuardianColumnsError(ValueError):
    def __init__(self, titles: list[str]) -> None:
        super().__init__(titles)
        self.titles = titles


@dataclass(frozen=True, slots=True)
class Column:
    index: int
    title: str  # the heading, or the column's letter in a spreadsheet
    samples: list[str]
    heading: str  # normalised


@dataclass(frozen=True, slots=True)
class Columns:
    """`choices` may hold the students' addresses; `chosen` is None if the user has to choose.

    `guessed_heading` is True if the first row is a heading only by what its cells are not.
    """

    heading_rows: int
    choices: list[Column] = field(default_factory=list)
    chosen: int | None = None
    all: list[Column] = field(default_factory=list)
    fields: dict[Field, int] = field(default_factory=dict)
    guessed_heading: bool = False


def find_columns(rows: list[Cells]) -> Columns:
    """Raises OnlyGuardianColumnsError."""
    heading_rows = _count_heading_rows(rows)
    guessed = not heading_rows and _looks_like_heading(rows)
    heading_rows = heading_rows or int(guessed)
    headings = _headings(rows[:heading_rows])
    columns = _find_email_columns(rows[heading_rows:], headings)
    candidates = [column for column in columns if not has_adults_addresses(column.heading)]
    if columns and not candidates:
        raise OnlyGuardianColumnsError([column.title for column in columns])
    candidates = [c for c in candidates if not is_about_another(c.title)] or candidates
    email_indexes = {column.index for column in columns}
    every = _all_columns(rows[heading_rows:], headings)
    if heading_rows:
        known = [("" if i in email_indexes else cell) for i, cell in enumerate(headings)]
        fields = find_fields(known)
    else:
        others = [column for column in every if column.index not in email_indexes]
        fields = _guess_fields(others) if columns else {}
    chosen = _pick_column(candidates, bool(headings))
    return Columns(heading_rows, candidates, chosen, every, fields, guessed)


def _looks_like_heading(rows: list[Cells]) -> bool:
    """Whether the first row has words where the other rows have addresses."""
    first = rows[0]
    if any("@" in cell for cell in first):
        return False
    below = [
        i for i, cell in enumerate(first) if cell and any(_has_address(r, i) for r in rows[1:])
    ]
    return any(not re.search(r"[\d.]", first[i]) for i in below)


def _has_address(cells: Cells, index: int) -> bool:
    return index < len(cells) and has_address(cells[index])


def _all_columns(rows: list[Cells], headings: Cells) -> list[Column]:
    """Every column that has a heading or cells, with samples."""
    samples: dict[int, list[str]] = {i: [] for i, cell in enumerate(headings) if cell}
    for cells in rows:
        for i, cell in enumerate(cells):
            if cell and len(samples.setdefault(i, [])) < _MAX_SAMPLES:
                samples[i].append(cell)
    return [_make_column(i, headings, samples[i]) for i in sorted(samples)]


def _guess_fields(columns: list[Column]) -> dict[Field, int]:
    """Fields of a file without headings: a phone is known by its digits, names come first."""
    phones = [c.index for c in columns if c.samples and all(map(_PHONE.fullmatch, c.samples))]
    names = [c.index for c in columns if c.samples and c.index not in phones]
    fields: dict[Field, int] = {Field.PHONE: phones[0]} if phones else {}
    if len(names) == 1 or (names and " " in columns[0].samples[0]):
        return fields | {Field.FULL_NAME: names[0]}
    return fields | dict(zip((Field.LAST_NAME, Field.FIRST_NAME), names, strict=False))


def _pick_column(candidates: list[Column], has_headings: bool) -> int | None:
    """None if the user has to choose: several columns are possible, or the heading is unknown."""
    of_students = [column for column in candidates if _STUDENT_WORDS.search(column.heading)]
    certain = [column for column in of_students if _is_student_heading(column.heading)]
    if len(certain) == 1:
        return certain[0].index
    if len(candidates) != 1 or of_students:
        return None
    [only] = candidates
    return None if has_headings and not EMAIL_WORDS.search(only.heading) else only.index


def _is_student_heading(heading: str) -> bool:
    """Return False if another word may make it somebody else's, such as a pupil's neighbour."""
    words = (word for word in re.findall(r"[^\W\d_]+", heading) if len(word) > 1)
    return all(_STUDENT_HEADING_WORDS.fullmatch(word) for word in words)


def _find_email_columns(rows: list[Cells], headings: Cells) -> list[Column]:
    """Columns with an address in most of their cells, else those whose heading says e-mail."""
    filled: Counter[int] = Counter()
    addresses: dict[int, list[str]] = {}
    for cells in rows:
        for i, cell in enumerate(cells):
            filled[i] += bool(cell)
            if has_address(cell):
                addresses.setdefault(i, []).append(cell)
    if any(i < len(headings) and _may_be_students(headings[i]) for i in addresses):
        for i, heading in enumerate(headings):
            if find_field(heading) in NAME_FIELDS:  # a name may look like an address
                addresses.pop(i, None)
    columns = [
        i
        for i, cells in sorted(addresses.items())
        if 2 * len(cells) >= filled[i] or _is_email_heading("".join(headings[i : i + 1]))
    ]
    columns = columns or sorted(addresses)
    if not columns:
        columns = [i for i, cell in enumerate(headings) if _is_email_heading(cell)]
    return [_make_column(i, headings, addresses.get(i, [])) for i in columns]


def _make_column(index: int, headings: Cells, addresses: list[str]) -> Column:
    heading = headings[index] if index < len(headings) else ""
    return Column(
        index,
        heading or _column_letter(index),
        addresses[:_MAX_SAMPLES],
        normalise_heading(heading),
    )


def _count_heading_rows(rows: list[Cells]) -> int:
    """The rows up to the one with most known headings; a title may stand above it."""
    known = []
    for cells in rows[:MAX_HEADING_ROWS]:
        if any(has_address(cell) for cell in cells):
            break
        known.append(sum(_is_email_heading(cell) or _is_field_heading(cell) for cell in cells))
    highest = max(known, default=0)
    return known.index(highest) + 1 if highest else 0


def _headings(rows: list[Cells]) -> Cells:
    width = max(map(len, rows), default=0)
    return [" ".join(cells[i] for cells in rows if i < len(cells)).strip() for i in range(width)]


def _is_email_heading(heading: str) -> bool:
    return "@" not in heading and bool(EMAIL_WORDS.search(normalise_heading(heading)))


def _may_be_students(heading: str) -> bool:
    is_adults = has_adults_addresses(normalise_heading(heading))
    return _is_email_heading(heading) and not is_adults


def _is_field_heading(cell: str) -> bool:
    """Short enough to be a heading and not a title that speaks of students."""
    return len(cell) <= _MAX_HEADING and find_field(cell) is not None


def _column_letter(index: int) -> str:
    letters = ""
    index += 1
    while index:
        index, remainder = divmod(index - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return letters
