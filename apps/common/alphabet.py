"""Keys that sort names as a reader of Ukrainian expects, on every database.

docs/adr/0011-sort-names-by-a-stored-key.md says why they are stored.
"""

import unicodedata

from apps.common.text import fold

# Each alphabet with its letters' places; Latin comes first, then Cyrillic, then other scripts.
_CYRILLIC = "абвгґдѓђеѐёєжзѕиѝіїйјклљмнњопрстћќуўфхцчџшщъыьэюя"
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_OWN_LETTERS = {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
_PLACES = {" ": 1}
_PLACES |= {digit: 2 + place for place, digit in enumerate("0123456789")}
_PLACES |= {letter: 0x20 + place for place, letter in enumerate(_LATIN)}
_PLACES |= {letter: 0x50 + place for place, letter in enumerate(_CYRILLIC)}
_OTHERS = 0xC0  # followed by the code point
MAX_KEY = 1000  # bytes of one name; an index takes no more than 2700


def sort_key(*names: str) -> bytes:
    """Compares byte by byte like the names by their alphabet, the first name first.

    Letters decide; accents, apostrophes and hyphens only where all letters are the same.
    """
    return b"\0\0".join(_key(name) for name in names)


def _key(name: str) -> bytes:
    folded = fold(name)
    letters = b"".join(_place(char) for char in folded)
    return (letters + b"\0" + folded.encode("utf-8", "replace"))[:MAX_KEY]


def _place(char: str) -> bytes:
    if char in _PLACES:
        return bytes([_PLACES[char]])
    plain = unicodedata.normalize("NFD", _OWN_LETTERS.get(char, char))
    if plain != char:
        return b"".join(_place(part) for part in plain)
    if unicodedata.category(char)[0] not in "LN":
        return b""
    return bytes([_OTHERS]) + ord(char).to_bytes(3, "big")
