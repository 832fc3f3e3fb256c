"""Finds the columns of a roster that hold the students' e-mail addresses and names."""

import re
from collections import Counter
from dataclasses import dataclass, field

from apps.classrooms.roster.csv_table import has_address
from apps.common.text import casefold

_EMAIL_WORDS = re.compile("mail|пошт|почт|електронна адреса|імейл|емейл|мейл")
_NAME_HEADINGS = {"name", "full name", "first name", "last name", "surname", "student", "firstname"}
_NAME_HEADINGS |= {"lastname", "ім'я", "імя", "прізвище", "піб", "учень", "учениця", "студент"}
_NAME_HEADINGS |= {"student name", "student's name", "ім'я учня", "прізвище учня", "піб учня"}
_NAME_HEADINGS |= {"прізвище та ім'я", "прізвище, ім'я", "прізвище ім'я", "ім'я та прізвище"}
# The first line matches anywhere in a word (“grandmother”), the others only at its beginning.
_GUARDIAN_WORDS = re.compile(
    "parent|mother|father|guardian|teacher|famil|caregiver|caretaker|representative|next of kin"
    "|erziehungsberecht|sorgeberecht|opiekun|tuteur|genitor|responsable"
    "|родител|опекун|попечит|законн"
    "|батьк|матер|матус|опікун|піклувальн|вчител|учител|родич|родин|представни|керівни"
    r"|(?<![^\W_])((step|grand)?(mom|mum|mam+a|dad|ma\b|pa\b)|papa|granny|relative|sponsor|mentor"
    "|tutor|carer|nanny|payer|emergency|sister|brother|aunt|uncle|husband|wife|spouse"
    "|мам|мати|тат|баб|дід|нян|сестр|брат|тіт|дядь|вітчим|мачух|платни|рідн|контактна особа"
    "|відповідальн|куратор|виховател|наставни|викладач|репетитор"
    "|mutter|vater|eltern|matk|ojc|rodzic)"
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
    """`choices` may hold the students' addresses; `chosen` is None if the user has to choose."""

    heading_rows: int
    choices: list[Column] = field(default_factory=list)
    chosen: int | None = None
    names: list[int] = field(default_factory=list)


def find_columns(rows: list[Cells]) -> Columns:
    """Raises OnlyGuardianColumnsError."""
    heading_rows = _count_heading_rows(rows)
    # A first row without an address may be an unknown heading; it is also kept as a row.
    first = [] if any(has_address(cell) for cell in rows[0]) else rows[:1]
    headings = _headings(rows[:heading_rows] or first)
    columns = _find_email_columns(rows[heading_rows:], headings)
    candidates = [column for column in columns if not _GUARDIAN_WORDS.search(column.heading)]
    if columns and not candidates:
        raise OnlyGuardianColumnsError([column.title for column in columns])
    email_indexes = {column.index for column in columns}
    names = [
        i
        for i, cell in enumerate(headings)
        if casefold(cell) in _NAME_HEADINGS and i not in email_indexes
    ]
    if not heading_rows:
        names = [i for i in range(max(map(len, rows))) if i not in email_indexes]
    return Columns(heading_rows, candidates, _pick_column(candidates, bool(headings)), names)


def _pick_column(candidates: list[Column], has_headings: bool) -> int | None:
    """None if the user has to choose: several columns are possible, or the heading is unknown."""
    of_students = [column for column in candidates if _STUDENT_WORDS.search(column.heading)]
    certain = [column for column in of_students if _is_student_heading(column.heading)]
    if len(certain) == 1:
        return certain[0].index
    if len(candidates) != 1 or of_students:
        return None
    [only] = candidates
    return None if has_headings and not _EMAIL_WORDS.search(only.heading) else only.index


def _is_student_heading(heading: str) -> bool:
    """Return False if another word may make it somebody else's address (“driver of the pupil”)."""
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
            if casefold(heading) in _NAME_HEADINGS:  # a name may look like an address
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
        _normalise_heading(heading),
    )


def _count_heading_rows(rows: list[Cells]) -> int:
    """The rows up to the one with most known headings; a title may stand above it."""
    known = []
    for cells in rows[:MAX_HEADING_ROWS]:
        if any(has_address(cell) for cell in cells):
            break
        known.append(
            sum(_is_email_heading(cell) or casefold(cell) in _NAME_HEADINGS for cell in cells)
        )
    highest = max(known, default=0)
    return known.index(highest) + 1 if highest else 0


def _headings(rows: list[Cells]) -> Cells:
    width = max(map(len, rows), default=0)
    return [" ".join(cells[i] for cells in rows if i < len(cells)).strip() for i in range(width)]


def _is_email_heading(heading: str) -> bool:
    return "@" not in heading and bool(_EMAIL_WORDS.search(_normalise_heading(heading)))


def _may_be_students(heading: str) -> bool:
    is_guardian = _GUARDIAN_WORDS.search(_normalise_heading(heading))
    return _is_email_heading(heading) and not is_guardian


def _normalise_heading(heading: str) -> str:
    """Case-folded, with `ParentEmail` split into two words."""
    return casefold(re.sub(r"(?<=[a-zа-яіїєґ])(?=[A-ZА-ЯІЇЄҐ])", " ", heading))


def _column_letter(index: int) -> str:
    letters = ""
    index += 1
    while index:
        index, remainder = divmod(index - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return letters
