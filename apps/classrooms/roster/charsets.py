"""Decodes a text file and detects its encoding."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

# The choices of the preview page, with the names that spreadsheets use.
CHARSETS = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16 BE",
    "cp1251": "Windows-1251",
    "koi8-u": "KOI8-U",
    "cp1250": "Windows-1250",
    "cp1252": "Windows-1252",
    "cp1125": "DOS (CP866)",
    "mac-cyrillic": "Mac Cyrillic",
}
_SINGLE_BYTE = ("cp1251", "koi8-u", "cp1252", "cp1250", "cp1125", "mac-cyrillic")
_BOMS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_SAMPLE = 400  # words used to detect a single-byte encoding
_SAMPLE_WORD = 60  # bytes of each
REPLACEMENT_CHARACTER = "\ufffd"


class NotTextError(ValueError):
    """The file is not text in the chosen encoding, or in any known one."""


@dataclass(frozen=True, slots=True)
class Decoded:
    text: str
    charset: str
    bad_bytes: list[tuple[int, int]]  # line and byte; U+FFFD in the text


def decode(data: bytes, charset: str = "") -> Decoded:
    """Decode by `charset`, or detect it unless it is one of CHARSETS. Raises NotTextError."""
    charset = charset if charset in CHARSETS else detect_charset(data)
    if charset == "utf-8":
        escaped = data.decode("utf-8", "surrogateescape")
        bad = list(_find_bad_bytes(escaped))
        text = re.sub("[\udc80-\udcff]", REPLACEMENT_CHARACTER, escaped)
    else:
        text, bad = data.decode(charset, "replace"), []
    text = text.replace("\ufeff", "")
    if "\0" in text:
        raise NotTextError
    return Decoded(text, charset, bad)


def _find_bad_bytes(escaped: str) -> Iterator[tuple[int, int]]:
    line, at = 1, 0
    for found in re.finditer("[\udc80-\udcff]", escaped):
        line += len(re.findall(r"\r\n|\r|\n", escaped[at : found.start()]))
        at = found.start()
        yield line, ord(found[0]) - 0xDC00


def detect_charset(data: bytes) -> str:
    """Raises NotTextError."""
    for bom, charset in _BOMS.items():
        if data.startswith(bom) and not data.startswith(b"\xff\xfe\0\0"):
            return charset
    if b"\0" in data:
        return _utf_16_without_bom(data)
    if _is_utf_8(data):
        return "utf-8"
    words = _sample_words(data)
    scores = {name: _plausibility(words, name) for name in _SINGLE_BYTE}
    return max(scores, key=lambda name: scores[name])


def _utf_16_without_bom(data: bytes) -> str:
    for charset in ("utf-16-le", "utf-16-be"):
        text = data.decode(charset, "replace")
        # In the wrong byte order a line feed is U+0A00 and Latin letters are CJK characters.
        if len(re.findall("[\r\n\t\x20-\u052f\u2010-\u211f]", text)) > 0.9 * len(text):
            return charset
    raise NotTextError


def _is_utf_8(data: bytes) -> bool:
    """Accepts some invalid bytes: text in another encoding has hardly any valid sequence."""
    text = data.decode("utf-8", "surrogateescape")
    bad = len(re.findall("[\udc80-\udcff]", text))
    return bad == 0 or sum(c > "\x7f" for c in text) - bad > 2 * bad


_CYRILLIC = {
    **dict.fromkeys("оанівитерскл", 1.5),
    **dict.fromkeys("мдпуязйгбьхч", 1.0),
    **dict.fromkeys("єїжшцющфґ", 0.5),
    **dict.fromkeys("ыэёъ", 0.0),
}
_LATIN = dict.fromkeys("áéíóúýäöüßçôâîëšžłśżźćńąęčřěůťďňőűăşđèêàùñãøåæ", 1.0)
_LATIN |= dict.fromkeys("ľĺŕţœïìòÿõû", 0.5)
_WEIGHTS = _CYRILLIC | _LATIN
_VOWELS = frozenset("аеєиіїоуюяыэёaeiouyąęěůőűăèêàùûãõøåæáéíóúýäöüôâîëœïìòÿ")
_COMMON_PAIRS = frozenset(("ño", "ña", "ñe", "ñi", "ão", "õe", "ãe"))
_EDGE_PUNCTUATION = frozenset("«»“”„‘’—–…№\xa0")
_WORD_SEPARATORS = re.compile(rb"[\x00-\x26\x28-\x40\x5b-\x60\x7b-\x7f]+")


def _sample_words(data: bytes) -> list[bytes]:
    words = (w[:_SAMPLE_WORD] for w in _WORD_SEPARATORS.split(data) if not w.isascii())
    return list(dict.fromkeys(words))[:_SAMPLE]


def _plausibility(words: list[bytes], charset: str) -> float:
    """Score of how much the words look like Ukrainian names or names in Latin letters."""
    score = 0.0
    for word in words:
        try:
            score += _plausibility_of_word(word.decode(charset))
        except UnicodeDecodeError:
            score -= 10
    return score


def _plausibility_of_word(word: str) -> float:
    inner = word.strip("".join(_EDGE_PUNCTUATION))
    score = sum(_WEIGHTS.get(c.lower(), 0 if c == "’" else -3) for c in inner if c > "\x7f")
    for a, b in pairwise(inner):
        if max(a, b) > "\x7f" and a.isalpha() and b.isalpha():
            score += _plausibility_of_pair(a, b)
    return score


def _plausibility_of_pair(a: str, b: str) -> float:
    pair = a.lower() + b.lower()
    score = 1.0 if (pair[0] in _VOWELS) != (pair[1] in _VOWELS) else 0.0
    score += pair in _COMMON_PAIRS
    score -= pair[0] == "ñ" and pair[1] not in _VOWELS
    if a.islower() and b.isupper():
        score -= 2
    scripts = {unicodedata.name(c, "?").split()[0] for c in (a, b)}
    if len(scripts) > 1:
        score -= 3
    elif scripts == {"LATIN"} and min(a, b) > "\x7f":
        score -= 2
    return score
