"""Recognises headings about parents and other adults, whose names and addresses are not the
student's, in Ukrainian, English and what exports of other languages have.

A heading of addresses is matched by the beginning of a word, or by any part of a long one
(“grandmother”). Cells of names may stand where a heading is looked for, and surnames begin with
short words (“Татарчук”), so a heading of names has to be such a word in one of the given forms.
"""

import re

# Words that may be any part of a word, and their endings in a heading of names.
_PARENTS_ANYWHERE = {
    "parent": "s?",
    **dict.fromkeys(("mother", "father", "guardian", "caregiver", "caretaker", "next of kin"), ""),
    "famil": "y",
    "representative": "s?",
    **dict.fromkeys(("erziehungsberecht", "sorgeberecht", "opiekun", "tuteur", "genitor"), r"\w*"),
    "responsable": "s?",
    **dict.fromkeys(("батьк", "опікун", "піклувальн", "представни", "родич"), r"\w*"),
    **dict.fromkeys(("родител", "опекун", "попечит"), r"\w*"),
    "законн": r"[иіо]\w*",
    "матер": "[іи]",
    "матус": "[іяю]",
    "родин": "[аиіу]",
}
# Words that begin a word, likewise.
_PARENTS = {
    **dict.fromkeys(("mom", "mum", "dad", "papa", "granny", "grandma", "grandpa"), ""),
    "mam+a": "",
    **dict.fromkeys(("relative", "carer", "sister", "brother", "aunt", "uncle"), ""),
    **dict.fromkeys(("husband", "wife", "spouse"), ""),
    "мам": r"[аиіу]|ин\w*",
    "мати": "",
    "тат": r"[аоу]|к[аоу]|ов\w*|ус[ья]",
    "вітчим": "а?",
    "мачух": "[аи]",
    "баб": "[аиіу]|ус[іяю]",
    "дід": "[ау]?|ус[ьяю]",
    "тіт": "к[аи]|оньк[аи]",
    "дядь": "к[ау]",
    "сестр": "[аи]",
    "брат": "[ау]?",
    "рідн": r"\w*",
    **dict.fromkeys(("mutter", "vater", "eltern"), ""),
    "matk": "[ai]",
    "ojc": "[ae]",
    "rodzic": r"\w*",
}
_OTHERS_ANYWHERE = {"teacher": "s?", **dict.fromkeys(("вчител", "учител", "керівни"), r"\w*")}
_OTHERS = {
    **dict.fromkeys(("tutor", "mentor", "sponsor", "driver", "nanny", "payer", "emergency"), ""),
    "нян": r"[яіюи]|ьк\w*",
    "водій": "",
    "водія": "",
    "контактна особа": "",
    **dict.fromkeys(("відповідальн", "куратор", "виховател", "наставни", "викладач"), r"\w*"),
    **dict.fromkeys(("репетитор", "платник"), r"\w*"),
}


def _forms(*words: dict[str, str]) -> re.Pattern[str]:
    forms = (f"{stem}(?:{endings})" for group in words for stem, endings in group.items())
    return re.compile(rf"\b(?:(?:step|grand)?(?:{'|'.join(forms)}))\b")


_PARENT_FORMS = _forms(_PARENTS_ANYWHERE, _PARENTS)
_OTHER_FORMS = _forms(_OTHERS_ANYWHERE, _OTHERS)
_ANY_PART = re.compile("|".join((*_PARENTS_ANYWHERE, *_OTHERS_ANYWHERE)))
# “Ma” is a surname, so that it says something before addresses only.
_BEGINNING = re.compile(
    rf"(?<![^\W_])(?:step|grand)?(?:{'|'.join((*_PARENTS, *_OTHERS))}|(?:ma|pa)\b)"
)


def has_adults_addresses(heading: str) -> bool:
    """Whether a heading (normalised) of addresses may mean those of a parent or another adult."""
    return bool(_ANY_PART.search(heading) or _BEGINNING.search(heading))


def names_parent(heading: str) -> bool:
    return bool(_PARENT_FORMS.search(heading))


def names_other_adult(heading: str) -> bool:
    return bool(_OTHER_FORMS.search(heading))
