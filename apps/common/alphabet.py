"""Sort keys that order names by the Ukrainian alphabet on every database.

They are stored in a column: docs/adr/0011-sort-names-by-a-stored-key.md.
"""

import unicodedata

from apps.common.text import casefold

# Weights of the characters: Latin sorts before Cyrillic, and Cyrillic before other scripts.
_CYRILLIC = "абвгґдѓђеѐёєжзѕиѝіїйјклљмнњопрстћќуўфхцчџшщъыьэюя"
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_WITHOUT_DECOMPOSITION = {
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "þ": "th",
    "æ": "ae",
    "œ": "oe",
    "ı": "i",
}
_WEIGHTS = {" ": 1}
_WEIGHTS |= {digit: 2 + i for i, digit in enumerate("0123456789")}
_WEIGHTS |= {letter: 0x20 + i for i, letter in enumerate(_LATIN)}
_WEIGHTS |= {letter: 0x50 + i for i, letter in enumerate(_CYRILLIC)}
_OTHER_SCRIPTS = 0xC0  # followed by the code point
MAX_KEY = 1000  # bytes of one name; an index entry of PostgreSQL holds at most 2700


def sort_key(*names: str) -> bytes:
    """Return bytes that compare as the names do by the alphabet, the first name first.

    Accents, apostrophes and hyphens only decide between names with the same letters.
    """
    return b"\0\0".join(_key(name) for name in names)


def _key(name: str) -> bytes:
    folded = casefold(name)
    letters = b"".join(_weight(char) for char in folded)
    return (letters + b"\0" + folded.encode("utf-8", "replace"))[:MAX_KEY]


def _weight(char: str) -> bytes:
    if char in _WEIGHTS:
        return bytes([_WEIGHTS[char]])
    plain = unicodedata.normalize("NFD", _WITHOUT_DECOMPOSITION.get(char, char))
    if plain != char:
        return b"".join(_weight(part) for part in plain)
    if unicodedata.category(char)[0] not in "LN":
        return b""
    return bytes([_OTHER_SCRIPTS]) + ord(char).to_bytes(3, "big")
