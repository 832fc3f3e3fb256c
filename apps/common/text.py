"""Canonical forms of names, texts and e-mail addresses, and case-insensitive search text."""

import re
import unicodedata
from collections.abc import Iterator

import idna
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q
from django.utils.translation import gettext as _

MAX_NAME = 100
MAX_EMAIL = 254
MAX_LOCAL_PART = 64
MAX_MARKS = 30  # combining marks of a name, as typed
# Limits of length hold for the stored form. What is typed may be so many times longer: cleaning
# more would be slow.
MAX_TYPED = 4
MAX_TAGS = 8  # of a regional flag, with the flag

ZWNJ, ZWJ = "\u200c", "\u200d"
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Invisible letters and symbols: Hangul fillers, Khmer inherent vowels, the blank Braille pattern.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u17b4\u17b5\u2800\U0001d159")
# Invisible marks: the combining grapheme joiner and the Mongolian variation selectors.
_HIDDEN_MARKS = frozenset("\u034f\u180b\u180c\u180d\u180f")
_APOSTROPHES = dict.fromkeys(
    map(ord, "\u2018\u2019\u201b\u02bc\u02b9\u02bb\u02bd`\u00b4\u2032"), "'"
)
_STRESS = str.maketrans("", "", "\u0300\u0301\u0341")
_TAGS = "".join(map(chr, range(0xE0020, 0xE0080)))
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


def clean_name(typed: str, max_length: int = MAX_NAME) -> str:
    """Return the stored form of a name: NFC, on one line, without invisible characters.

    Raises Django's ValidationError if it has direction or control characters, too many combining
    marks, no visible character or more than `max_length` characters.
    """
    _check_length(typed, MAX_TYPED * max_length, max_length)
    if sum(unicodedata.category(c) in ("Mn", "Me") for c in typed) > MAX_MARKS:
        raise ValidationError(_("This name has too many accents."), code="invalid")
    text = " ".join(unicodedata.normalize("NFC", typed).split())
    if any(c in _BIDI or unicodedata.category(c) in ("Cc", "Cs") for c in text):
        raise ValidationError(
            _("This name contains invisible control characters. Type it again."), code="invalid"
        )
    kept = "".join(c for i, c in enumerate(text) if not _is_removable(text, i))
    name = " ".join(unicodedata.normalize("NFC", kept).split())
    if not any(_is_visible(c) for c in name):
        raise ValidationError(_("Enter a name with at least one letter or digit."), code="invalid")
    _check_length(name, max_length, max_length)
    return name


def clean_text(typed: str, *, multiline: bool = False, max_length: int | None = None) -> str:
    """Return the stored form of a title or another free text, without invisible characters.

    Direction controls and characters that nothing shows are removed; other control characters, and
    in a text of one line its line breaks, become spaces. Emoji and the joiners of a script stay.
    Raises Django's ValidationError if far more than `max_length` characters are typed; the field
    checks what is left of fewer.
    """
    if max_length is not None:
        _check_length(typed, MAX_TYPED * max_length, max_length)
    text = typed.replace("\r\n", "\n").replace("\r", "\n") if multiline else typed
    kept = (_space_for_control(c, multiline) for i, c in enumerate(text) if not _is_hidden(text, i))
    cleaned = "".join(kept).strip()
    return "" if is_blank(cleaned) else cleaned


def clean_message(typed: str) -> str:
    """Return a chat message without direction controls and other invisible characters; control
    characters become spaces. Whatever is visible stays as it was typed, with its spaces, tabs and
    lines."""
    text = typed.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        c if c == "\t" else _space_for_control(c, multiline=True)
        for i, c in enumerate(text)
        if not _is_hidden(text, i)
    )


def _space_for_control(char: str, multiline: bool) -> str:
    if multiline and char == "\n":
        return char
    return " " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char


def _is_hidden(text: str, i: int) -> bool:
    """Return True for a character of a free text that nothing shows.

    Unlike in a name, private and unassigned characters stay: the newest emoji are among them.
    """
    char = text[i]
    if char in _BIDI | _HIDDEN_MARKS | _BLANK:
        return True
    if _is_tag(char):
        return not _ends_with_flag(text[max(0, i - MAX_TAGS) : i])
    if unicodedata.category(char) == "Cs":
        return True
    return unicodedata.category(char) == "Cf" and _is_removable(text, i)


def _is_tag(char: str) -> bool:
    return "\U000e0000" <= char <= "\U000e007f"


def _ends_with_flag(before: str) -> bool:
    """Return True in the tag sequence of a regional flag, which follows the black flag."""
    return before.rstrip(_TAGS).endswith("\U0001f3f4")


def _check_length(text: str, limit: int, max_length: int) -> None:
    if len(text) > limit:
        raise ValidationError(_("At most %(n)s characters.") % {"n": max_length}, code="max_length")


def _is_visible(char: str) -> bool:
    return unicodedata.category(char)[0] in "LNPS" and char not in _BLANK


def is_blank(text: str) -> bool:
    """Return True if the text has only spaces and invisible characters.

    Code points that this Python's Unicode tables lack, such as the newest emoji, count as visible.
    """
    return not any(_may_be_visible(char) for char in text)


def _may_be_visible(char: str) -> bool:
    if char in _BLANK or "\U000e0000" <= char <= "\U000e0fff":
        return False
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Me")


def _is_removable(text: str, i: int) -> bool:
    """Return True for an invisible character, unless its script or emoji needs it as a joiner."""
    char = text[i]
    if char in (ZWJ, ZWNJ):
        before, after = text[max(0, i - 1) : i], text[i + 1 : i + 2]
        return not (_is_joined(before) and _is_joined(after))
    if _is_variation(char):
        before = text[max(0, i - 1) : i] or " "
        return before in _BLANK or unicodedata.category(before)[0] not in "SN"
    return char in _HIDDEN_MARKS | _BLANK or unicodedata.category(char) in ("Cf", "Cn", "Co")


def _is_variation(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _is_joined(char: str) -> bool:
    if not char:
        return False
    if unicodedata.category(char) in ("So", "Sk") or char == "\ufe0f":
        return True
    if "\U0001f000" <= char <= "\U0001faff":
        return True  # emoji that this Python's Unicode tables lack
    # From Arabic to Mongolian: scripts in which joiners select the form of a letter.
    return "\u0600" <= char <= "\u18af" and unicodedata.category(char)[0] in "LM"


def clean_email(typed: str) -> str:
    """Return the canonical form of an address: lower case, the domain in ASCII (IDNA 2008).

    Raises Django's ValidationError. IDNA 2008, unlike 2003, keeps ß and joiners, so that mail never
    goes to another domain than the one typed.
    """
    text = typed[: MAX_TYPED * MAX_EMAIL]
    # Joiners that a script needs are part of the domain (RFC 5892) and stay.
    visible = "".join(
        c
        for i, c in enumerate(text)
        if unicodedata.category(c) != "Cf" or not _is_removable(text, i)
    )
    local, _at, domain = visible.strip().rpartition("@")
    try:
        if len(typed) > MAX_TYPED * MAX_EMAIL:  # first, because IDNA is slow on long input
            raise ValueError(len(typed))
        if not _LOCAL_PART.fullmatch(local) or len(local) > MAX_LOCAL_PART:
            raise ValueError(local)
        ascii_domain = idna.encode(domain, uts46=True, std3_rules=True).decode().rstrip(".")
        email = f"{local}@{ascii_domain}".lower()
        validate_email(email)
        _check_public_domain(email.rpartition("@")[2])
        # The form that is shown can be longer than the ASCII one.
        if max(len(email), len(shown_email(email))) > MAX_EMAIL:
            raise ValueError(email)
    except (ValueError, ValidationError) as exc:  # idna's errors are ValueErrors
        raise ValidationError(_("Enter a valid email address."), code="invalid") from exc
    return email


def _check_public_domain(domain: str) -> None:
    """Refuse `localhost`, which Django accepts, and IPv4 addresses: no mail leaves for them."""
    _host, dot, top = domain.rpartition(".")
    if not dot or top.isdecimal():
        raise ValueError(domain)


def lookup_email(typed: str) -> str:
    """Return the canonical form for a lookup; an invalid address is only lowercased."""
    try:
        return clean_email(typed)
    except ValidationError:
        return lowercase_email(typed)


def lowercase_email(typed: str) -> str:
    """Return an address as accounts stored it before `clean_email` existed.

    A non-ASCII local part is kept: lowercasing the Kelvin sign gives "k", another person's address.
    """
    local, at, domain = typed.strip().rpartition("@")
    return f"{local.lower() if local.isascii() else local}{at}{domain.lower()}"


def strip_subaddress(email: str) -> str:
    """Return `anna@x.example` for `anna+1@x.example` (RFC 5233), to count mail by mailbox."""
    local, at, domain = lookup_email(email).rpartition("@")
    return f"{local.partition('+')[0] or local}{at}{domain}"


def shown_email(email: str) -> str:
    """Return an address for display, with an international domain in its own script."""
    local, at, domain = email.rpartition("@")
    if "xn--" not in domain:
        return email
    try:
        return f"{local}{at}{idna.decode(domain)}"
    except ValueError:
        return email


def casefold(text: str) -> str:
    """Return text for comparison: case-folded (NFKC), with one kind of apostrophe and of dash, and
    without stress marks and invisible characters."""
    kept = (c for c in text.translate(_APOSTROPHES) if not _is_ignored(c))
    folded = unicodedata.normalize("NFKC", "".join(kept)).casefold()
    folded = unicodedata.normalize("NFKC", folded).translate(_STRESS)
    return "".join("-" if unicodedata.category(c) == "Pd" else c for c in folded)


def _is_ignored(char: str) -> bool:
    hidden = char in _HIDDEN_MARKS | _BLANK or _is_variation(char)
    return hidden or unicodedata.category(char) == "Cf"


def contains_all_words(text: str, column: str) -> Q:
    """Return the condition that each word of `text` occurs in the case-folded `column`."""
    condition = Q()
    for word in casefold(text).split():
        condition &= Q(**{f"{column}__contains": word})
    return condition


def initials(*names: str) -> str:
    """Return the first grapheme cluster of each name, in upper case."""
    return "".join(next(_graphemes(name), "").upper() for name in names)


def _graphemes(text: str) -> Iterator[str]:
    """Yield grapheme clusters (UAX #29, as far as names need it)."""
    cluster = ""
    for char in unicodedata.normalize("NFC", text).strip():
        if cluster and not _extends(cluster, char):
            yield cluster
            cluster = ""
        cluster += char
    if cluster:
        yield cluster


def _extends(cluster: str, char: str) -> bool:
    if unicodedata.category(char)[0] == "M" or char in (ZWJ, ZWNJ):
        return True
    if "\U0001f3fb" <= char <= "\U0001f3ff" or "\U000e0020" <= char <= "\U000e007f":
        return True  # skin tones, and the tag characters of regional flags
    if cluster[-1] == ZWJ and unicodedata.category(char) in ("So", "Sk"):
        return True
    indicators = [c for c in cluster if _is_regional_indicator(c)]
    return _is_regional_indicator(char) and len(indicators) == len(cluster) == 1


def _is_regional_indicator(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"
