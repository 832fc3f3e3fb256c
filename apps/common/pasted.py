"""Codes and tokens as people paste them: with quotes, breaks, look-alikes, or the whole link."""

import re
import unicodedata
from urllib.parse import unquote

MAX_PASTED = 4000  # characters

_LOOKS_LATIN = str.maketrans(
    "АВЕКМНОРСТУХІЈЅԚԜҮЗΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "ABEKMHOPCTYXIJSQWY3ABEZHIKMNOPTYX",
)
_AROUND = ".,;:!?…\"'`´«»“”„‘’‚()[]{}<>*|"  # none of them is a character of base64url
_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_JOIN_PATH = re.compile(r"/+join/+([^/?#&]+)", re.IGNORECASE)
_CODE = re.compile(r"[A-HJKMNP-Z2-9]{8}")  # of the letters and digits that join codes are made of
_INVITE_PATH = re.compile(r"/+(?:invite|classrooms/+invitation)/+([^/?#&]+)", re.IGNORECASE)
CODE_LENGTH = 8


def clean_code(pasted: str) -> str:
    """A join code without what came with it, its look-alike letters made Latin."""
    text = _without_invisible(pasted[:MAX_PASTED])
    found = _JOIN_PATH.search(text)
    if not found:
        return _code_among_words(pasted[:MAX_PASTED]) or _letters(text)
    # What follows the link after a space is no part of it, unless the code itself was broken.
    first = _letters((found[1].split() or [""])[0])
    return first if len(first) >= CODE_LENGTH else _letters(found[1])[:CODE_LENGTH]


def _code_among_words(text: str) -> str:
    """Of a sentence ("The code: ABCD2345") the word that is a code; "" unless one is needed."""
    words = [_letters(_without_invisible(word)) for word in re.split(r"[\s/?&=]+", unquote(text))]
    codes = [word for word in words if _CODE.fullmatch(word)]
    return codes[-1] if codes else ""


def _letters(text: str) -> str:
    upper = (c.upper() for c in unicodedata.normalize("NFKC", text) if c.isalnum())
    return "".join(c if len(c) == 1 else c[0] for c in upper).translate(_LOOKS_LATIN)


def clean_token(pasted: str) -> str:
    """A signed token without what came with it: the rest of the link, breaks, quotes."""
    text = "".join(_without_invisible(pasted[:MAX_PASTED]).split())
    found = _INVITE_PATH.search(text)
    # A dash is no end of a token: it begins with a brace and ends with the spare bits of 32 bytes.
    around = _AROUND + "".join(filter(_is_dash, set(text)))
    text = re.split(r"[?#&]", found[1] if found else text.strip(around))[0].strip(around)
    return "".join("-" if _is_dash(c) else c for c in text)


def _is_dash(character: str) -> bool:
    return unicodedata.category(character) == "Pd" or character == "\u2212"


def is_invite_link(pasted: str) -> bool:
    """Whether it is the link, or the token, of an invitation rather than a join code."""
    text = _without_invisible(pasted[:MAX_PASTED])
    return bool(_INVITE_PATH.search(text) or _JWT.fullmatch(clean_token(text)))


def is_code(pasted: str) -> bool:
    """Whether it has the shape of a join code."""
    return len(clean_code(pasted)) == CODE_LENGTH


def _without_invisible(text: str) -> str:
    """Line breaks become nothing, for mail programs wrap links anywhere."""
    kept = (c for c in unquote(text) if unicodedata.category(c) != "Cf")
    return "".join(c for c in kept if c not in "\t\r\n")
