"""Find codes and tokens in pasted text, which may have quotes, line breaks or a whole link."""

import re
import unicodedata
from itertools import pairwise
from urllib.parse import unquote

MAX_PASTED = 4000  # characters

_LOOKALIKES = str.maketrans(
    "АВЕКМНОРСТУХІЈЅԚԜҮЗΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "ABEKMHOPCTYXIJSQWY3ABEZHIKMNOPTYX",
)
_SURROUNDING = ".,;:!?…\"'`´«»“”„‘’‚()[]{}<>*|"  # none of them is a character of base64url
_JWT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
# A whole token, which may be broken over lines: it starts with an encoded `{"`, and its signature
# (HS256) has 43 characters. Underscores after a link are not part of it (Markdown).
_BASE64URL = "[A-Za-z0-9_-]"
_WHOLE_TOKEN = re.compile(
    rf"(?:(/)|(?<![\w.]))(e ?y ?J ?(?:{_BASE64URL} ?)+\. ?(?:{_BASE64URL} ?)+\. ?"
    rf"(?:{_BASE64URL} ?){{42}}{_BASE64URL})(?(1)_*)(?![\w=\0]|\.{_BASE64URL})"
)
_JOIN_PATH = re.compile(r"/+join/+([^/?#&]+)", re.IGNORECASE)
_CODE = re.compile(r"[A-HJKMNP-Z2-9]{8}")  # the alphabet of join codes
_INVITE_PATH = re.compile(
    r"/+(?:invite|(?:classrooms|students)/+invitation)/+([^/?#&]+)", re.IGNORECASE
)
CODE_LENGTH = 8


def clean_code(pasted: str) -> str:
    """Return the join code in the text, with look-alike Cyrillic and Greek letters as Latin."""
    text = _strip_invisible(pasted[:MAX_PASTED])
    found = _JOIN_PATH.search(text)
    if not found:
        return _find_code_in_sentence(pasted[:MAX_PASTED]) or _to_latin_capitals(text)
    # Text after a space is not part of the link, unless the code itself contains a space.
    first = _to_latin_capitals((found[1].split() or [""])[0])
    return first if len(first) >= CODE_LENGTH else _to_latin_capitals(found[1])[:CODE_LENGTH]


def _find_code_in_sentence(text: str) -> str:
    """Return the last word, or two halves, that is a code ("The code: ABCD2345"), or ""."""
    words = [
        _to_latin_capitals(_strip_invisible(word)) for word in re.split(r"[\s/?&=]+", unquote(text))
    ]
    words = list(filter(None, words))
    halves = [a + b for a, b in pairwise(words) if len(a) == len(b)]  # "ABCD 2345"
    codes = [word for word in halves + words if _CODE.fullmatch(word)]
    return codes[-1] if codes else ""


def _to_latin_capitals(text: str) -> str:
    upper = (c.upper() for c in unicodedata.normalize("NFKC", text) if c.isalnum())
    return "".join(c if len(c) == 1 else c[0] for c in upper).translate(_LOOKALIKES)


def clean_token(pasted: str) -> str:
    """Return the signed token in the text, without the rest of the link, spaces and quotes."""
    visible = " ".join(_unquote_visible(pasted[:MAX_PASTED]).split())
    whole = _WHOLE_TOKEN.search("".join("-" if _is_dash(c) else c for c in visible))
    if whole:
        return whole[2].replace(" ", "")
    text = visible.replace(" ", "")
    found = _INVITE_PATH.search(text)
    # Dashes can be stripped: a token starts with an encoded brace, and its last character encodes
    # the spare bits of a 32-byte signature, so neither is a dash.
    surrounding = _SURROUNDING + "".join(filter(_is_dash, set(text)))
    text = re.split(r"[?#&]", found[1] if found else text.strip(surrounding))[0].strip(surrounding)
    return "".join("-" if _is_dash(c) else c for c in text)


def _is_dash(character: str) -> bool:
    return unicodedata.category(character) == "Pd" or character == "\u2212"


def is_invite_link(pasted: str) -> bool:
    """Return True for the link or token of an invitation, False for a join code."""
    text = _strip_invisible(pasted[:MAX_PASTED])
    return bool(_INVITE_PATH.search(text) or _JWT.fullmatch(clean_token(pasted)))


def is_code(pasted: str) -> bool:
    """Return True if the text has the shape of a join code."""
    return len(clean_code(pasted)) == CODE_LENGTH


def _strip_invisible(text: str) -> str:
    """Unquote, and remove invisible characters and the line breaks that mail programs insert."""
    return "".join(c for c in _unquote_visible(text) if c not in "\t\r\n")


def _unquote_visible(text: str) -> str:
    return "".join(c for c in unquote(text) if unicodedata.category(c) != "Cf")
