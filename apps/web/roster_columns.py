"""Which column of a roster holds the students' own addresses, and which hold their names."""

import re
from collections import Counter
from dataclasses import dataclass, field

from apps.common.text import fold
from apps.web.csv_table import ADDRESS

_MAIL = re.compile("mail|пошт|електронна адреса|імейл|емейл|мейл")
_NAMES = {"name", "full name", "first name", "last name", "surname", "student", "firstname"}
_NAMES |= {"lastname", "ім'я", "імя", "прізвище", "піб", "учень", "учениця", "студент"}
_NAMES |= {"student name", "student's name", "ім'я учня", "прізвище учня", "піб учня"}
_NAMES |= {"прізвище та ім'я", "прізвище, ім'я", "прізвище ім'я", "ім'я та прізвище"}
# Beginnings of words; the long ones stand anywhere in a word, as in “grandmother”.
_ADULTS = re.compile(
    "parent|mother|father|guardian|teacher|famil|батьк|матер|матус|опікун|вчител|учител|родич"
    r"|(?<![^\W_])(mom|mum|dad|tutor|carer|nanny|payer|emergency|sister|brother|aunt|uncle"
    "|мам|мати|тат|баб|дід|нян|сестр|брат|тіт|дядь|платни|рідн|контактна особа"
    "|mutter|vater|eltern|matk|ojc|rodzic)"
)
_STUDENTS = re.compile(r"(?<![^\W_])(student|pupil|child|kid|учен|учн|дитин|дитяч|студент|школяр)")
_HEADING_ROWS = 10  # among which the headings are looked for
_SAMPLES = 2

Cells = list[str]


class ParentsAloneError(ValueError):
    def __init__(self, titles: list[str]) -> None:
        super().__init__(titles)
        self.titles = titles


@dataclass(frozen=True, slots=True)
class Column:
    index: int
    title: str  # the heading, or else the letter that a spreadsheet shows
    samples: list[str]
    heading: str  # folded


@dataclass(frozen=True, slots=True)
class Columns:
    """`choices` may be the students'; `chosen` is the one of them that surely is."""

    heading_rows: int
    choices: list[Column] = field(default_factory=list)
    chosen: int | None = None
    names: list[int] = field(default_factory=list)


def find_columns(rows: list[Cells]) -> Columns:
    """Raises ParentsAloneError."""
    heading_rows = _count_heading_rows(rows)
    # A first row without an address may be a heading of unknown words; it is kept as a row too.
    first = [] if any(ADDRESS.search(cell) for cell in rows[0]) else rows[:1]
    headings = _headings(rows[:heading_rows] or first)
    found = _columns_with_addresses(rows[heading_rows:], headings)
    own = [column for column in found if not _ADULTS.search(column.heading)]
    if found and not own:
        raise ParentsAloneError([column.title for column in found])
    taken = {column.index for column in found}
    names = [i for i, cell in enumerate(headings) if fold(cell) in _NAMES and i not in taken]
    if not heading_rows:
        names = [i for i in range(max(map(len, rows))) if i not in taken]
    return Columns(heading_rows, own, _chosen(own, bool(headings)), names)


def _chosen(own: list[Column], has_headings: bool) -> int | None:
    """None where a person has to say: two may be the students', or the only heading says nothing
    of whose the addresses are."""
    students = [column for column in own if _STUDENTS.search(column.heading)]
    if len(students) == 1:
        return students[0].index
    if len(own) != 1 or (has_headings and not _MAIL.search(own[0].heading)):
        return None
    return own[0].index


def _columns_with_addresses(rows: list[Cells], headings: Cells) -> list[Column]:
    """In most of whose cells an address stands; or else those that a heading names so."""
    filled: Counter[int] = Counter()
    addresses: dict[int, list[str]] = {}
    for cells in rows:
        for i, cell in enumerate(cells):
            filled[i] += bool(cell)
            if ADDRESS.search(cell):
                addresses.setdefault(i, []).append(cell)
    found = [
        i
        for i, cells in sorted(addresses.items())
        if 2 * len(cells) >= filled[i] or _is_of_mail("".join(headings[i : i + 1]))
    ]
    found = found or sorted(addresses)
    if not found:
        found = [i for i, cell in enumerate(headings) if _is_of_mail(cell)]
    return [_column(i, headings, addresses.get(i, [])) for i in found]


def _column(index: int, headings: Cells, addresses: list[str]) -> Column:
    heading = headings[index] if index < len(headings) else ""
    return Column(index, heading or _letter(index), addresses[:_SAMPLES], _in_words(heading))


def _count_heading_rows(rows: list[Cells]) -> int:
    """Up to the row with most headings that are known; a table's own title may stand above it."""
    known = []
    for cells in rows[:_HEADING_ROWS]:
        if any(ADDRESS.search(cell) for cell in cells):
            break
        known.append(sum(_is_of_mail(cell) or fold(cell) in _NAMES for cell in cells))
    most = max(known, default=0)
    return known.index(most) + 1 if most else 0


def _headings(rows: list[Cells]) -> Cells:
    width = max(map(len, rows), default=0)
    return [" ".join(cells[i] for cells in rows if i < len(cells)).strip() for i in range(width)]


def _is_of_mail(heading: str) -> bool:
    return "@" not in heading and bool(_MAIL.search(_in_words(heading)))


def _in_words(heading: str) -> str:
    """Folded; `ParentEmail` is two words."""
    return fold(re.sub(r"(?<=[a-zа-яіїєґ])(?=[A-ZА-ЯІЇЄҐ])", " ", heading))


def _letter(index: int) -> str:
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
