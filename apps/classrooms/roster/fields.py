"""Finds what the columns of a roster mean by their headings, in Ukrainian, English and the exports
of Google Contacts, Outlook, Moodle and Human."""

import re
from enum import StrEnum

from apps.classrooms.roster.adults import names_other_adult, names_parent
from apps.common.text import casefold


class Field(StrEnum):
    """Fields that a roster column can contain, besides the student's e-mail."""

    LAST_NAME = "last_name"
    FIRST_NAME = "first_name"
    MIDDLE_NAME = "middle_name"
    FULL_NAME = "full_name"  # until `settle_name_order` has decided on one of the next two
    FIRST_LAST = "first_last"
    LAST_FIRST = "last_first"
    PHONE = "phone"
    GUARDIAN_NAME = "guardian_name"
    GUARDIAN_PHONE = "guardian_phone"
    LEVEL = "level"
    NOTE = "note"


NAME_FIELDS = (
    *(Field.LAST_NAME, Field.FIRST_NAME, Field.MIDDLE_NAME),
    *(Field.FULL_NAME, Field.FIRST_LAST, Field.LAST_FIRST),
)

# Columns of exports that are about another one, such as “E-mail 1 - Type” and “Group Membership”.
_ABOUT_OTHERS = re.compile(
    r"\b(type|label|display name|membership|id|file as|nickname|yomi|phonetic|prefix|suffix)\b"
)
_LAST_NAME = r"last name|surname|family name|прізвищ\w*"
_FIRST_NAME = r"first name|given name|forename|ім'?я|імен\w*"
# The first that matches decides.
_RULES: tuple[tuple[Field, re.Pattern[str]], ...] = tuple(
    (field, re.compile(rf"\b(?:{words})\b"))
    for field, words in (
        (Field.MIDDLE_NAME, r"по батькові|patronymic|middle name|additional name"),
        (
            Field.PHONE,
            r"(tele)?phones?( number)?|mobile|cell|тел|телефон\w*|моб|мобільн\w*|viber|whatsapp",
        ),
        (Field.NOTE, r"notes?|comments?|remarks?|нотат\w*|приміт\w*|комент\w*"),
        (Field.LAST_FIRST, rf"(?:{_LAST_NAME}).*(?:{_FIRST_NAME})|піб|піп|п і б"),
        (Field.FIRST_LAST, rf"(?:{_FIRST_NAME}).*(?:{_LAST_NAME})"),
        (Field.LAST_NAME, _LAST_NAME),
        (Field.FIRST_NAME, _FIRST_NAME),
        (Field.LEVEL, r"level|grade|class|year|рівень|клас|курс"),
        (
            Field.FULL_NAME,
            r"(full |student |pupil )?name|students?|pupils?|child|kid|учен\w*|учн\w*|студент\w*|"
            r"дитин\w*|школяр\w*",
        ),
    )
)
EMAIL_WORDS = re.compile("mail|пошт|почт|електронна адреса|імейл|емейл|мейл")
_GLUED = re.compile(r"\b(first|last|full|middle|given|family)(name)\b")


def normalise_heading(heading: str) -> str:
    """Case-folded words, with `ParentEmail` and `firstname` split into two."""
    split = re.sub(r"(?<=[a-zа-яіїєґ])(?=[A-ZА-ЯІЇЄҐ])", " ", heading)
    words = re.sub(r"[^\w']+|_", " ", casefold(split)).split()
    return _GLUED.sub(r"\1 \2", " ".join(words))


def is_about_another(heading: str) -> bool:
    """Whether the column only says something about another one, as exports have them."""
    return bool(_ABOUT_OTHERS.search(normalise_heading(heading)))


def find_field(heading: str) -> Field | None:
    """Return the field that a heading names, or None."""
    words = normalise_heading(heading)
    if "@" in heading or EMAIL_WORDS.search(words) or is_about_another(heading):
        return None
    found = next((field for field, rule in _RULES if rule.search(words)), None)
    if found is Field.MIDDLE_NAME or not words:
        return found
    if names_other_adult(words):
        return None
    # “Family Name” is the student's own, “Mother's name” is not.
    if names_parent(re.sub("family name", "", words)):
        of_guardian = {Field.PHONE: Field.GUARDIAN_PHONE, Field.NOTE: None, Field.LEVEL: None}
        return of_guardian.get(found, Field.GUARDIAN_NAME) if found else Field.GUARDIAN_NAME
    return found


def find_fields(headings: list[str]) -> dict[Field, int]:
    """The first column of each field. A column called “Name” beside one called “Last name” is the
    first name."""
    fields: dict[Field, int] = {}
    for index, heading in enumerate(headings):
        field = find_field(heading)
        if field is not None:
            fields.setdefault(field, index)
    if Field.LAST_NAME in fields and Field.FULL_NAME in fields:
        full = fields.pop(Field.FULL_NAME)
        fields.setdefault(Field.FIRST_NAME, full)
    if Field.LAST_NAME in fields or Field.FIRST_NAME in fields:
        for field in (Field.FULL_NAME, Field.FIRST_LAST, Field.LAST_FIRST):
            fields.pop(field, None)
    return fields


def settle_name_order(fields: dict[Field, int], samples: list[str]) -> dict[Field, int]:
    """Lists in Cyrillic script start with the last name, others with the first."""
    index = fields.get(Field.FULL_NAME)
    if index is None:
        return fields
    is_cyrillic = bool(re.search("[а-яіїєґ]", " ".join(samples).casefold()))
    order = Field.LAST_FIRST if is_cyrillic else Field.FIRST_LAST
    return {name: i for name, i in fields.items() if name is not Field.FULL_NAME} | {order: index}


def split_name(name: str, order: Field) -> tuple[str, str]:
    """First and last name; a comma stands after the last name whatever the order."""
    last, comma, first = name.partition(",")
    if comma:
        return first.strip(), last.strip()
    words = name.split()
    if len(words) < 2:
        return name, ""
    if order is Field.LAST_FIRST:
        return " ".join(words[1:]), words[0]
    return " ".join(words[:-1]), words[-1]
