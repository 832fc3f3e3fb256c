"""Names and e-mail addresses in the one form they are kept in, and text that people search by."""

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

ZWNJ, ZWJ = "\u200c", "\u200d"
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Letters and symbols that show nothing: Hangul fillers, Khmer inherent vowels, a blank of Braille.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u17b4\u17b5\u2800\U0001d159")
# Marks that show nothing by themselves: the grapheme joiner, and which variant of a letter to draw.
_HIDDEN_MARKS = frozenset("\u034f\u180b\u180c\u180d\u180f")
_APOSTROPHES = dict.fromkeys(
    map(ord, "\u2018\u2019\u201b\u02bc\u02b9\u02bb\u02bd`\u00b4\u2032"), "'"
)
_STRESS = str.maketrans("", "", "\u0300\u0301\u0341")
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


def clean_name(typed: str, max_length: int = MAX_NAME) -> str:
    """A name of a person or a classroom as it is kept: NFC, one line, nothing invisible.

    Raises Django's ValidationError for what nobody is called: direction and control characters,
    heaps of combining marks, nothing that can be seen, too many characters.
    """
    if sum(unicodedata.category(c) in ("Mn", "Me") for c in typed) > MAX_MARKS:
        raise ValidationError(_("This name has too many accents."), code="invalid")
    text = " ".join(unicodedata.normalize("NFC", typed).split())
    if any(c in _BIDI or unicodedata.category(c) in ("Cc", "Cs") for c in text):
        raise ValidationError(
            _("This name holds invisible control characters. Type it anew."), code="invalid"
        )
    kept = "".join(c for i, c in enumerate(text) if not _is_superfluous(text, i))
    name = " ".join(unicodedata.normalize("NFC", kept).split())
    if not any(_is_visible(c) for c in name):
        raise ValidationError(_("Write a name that can be read."), code="invalid")
    if len(name) > max_length:
        raise ValidationError(_("At most %(n)s characters.") % {"n": max_length}, code="max_length")
    return name


def _is_visible(char: str) -> bool:
    return unicodedata.category(char)[0] in "LNPS" and char not in _BLANK


def shows_nothing(text: str) -> bool:
    """Nothing but spaces and what is invisible. A letter that this Python does not know yet, as the
    newest emoji, is seen by whoever has it."""
    return not any(_may_be_seen(char) for char in text)


def _may_be_seen(char: str) -> bool:
    if char in _BLANK or "\U000e0000" <= char <= "\U000e0fff":
        return False
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp", "Mn", "Me")


def _is_superfluous(text: str, i: int) -> bool:
    """Invisible, and not a joiner where the script, or a composed emoji, needs one."""
    char = text[i]
    if char in (ZWJ, ZWNJ):
        before, after = text[:i][-1:], text[i + 1 : i + 2]
        return not (_is_joined(before) and _is_joined(after))
    if _is_variation(char):
        before = text[:i][-1:] or " "
        return before in _BLANK or unicodedata.category(before)[0] not in "SN"
    return char in _HIDDEN_MARKS | _BLANK or unicodedata.category(char) in ("Cf", "Cn", "Co")


def _is_variation(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _is_joined(char: str) -> bool:
    if not char:
        return False
    if unicodedata.category(char) in ("So", "Sk") or char == "\ufe0f":
        return True
    # Arabic to the scripts of South East Asia and Mongolian: letters there have joined forms.
    return "\u0600" <= char <= "\u18af" and unicodedata.category(char)[0] in "LM"


def clean_email(typed: str) -> str:
    """An address in its canonical form: lower case, the domain in ASCII by IDNA 2008.

    So each spelling of one address is one text, and mail cannot go to another domain than the one
    that was typed. Raises Django's ValidationError.
    """
    text = typed[: 4 * MAX_EMAIL]
    # Where a script needs joiners they make another domain (RFC 5892), as ß does.
    shown = "".join(
        c
        for i, c in enumerate(text)
        if unicodedata.category(c) != "Cf" or not _is_superfluous(text, i)
    )
    local, _at, domain = shown.strip().rpartition("@")
    try:
        if len(typed) > 4 * MAX_EMAIL:  # before anything that takes longer for longer texts
            raise ValueError(len(typed))
        if not _LOCAL_PART.fullmatch(local) or len(local) > MAX_LOCAL_PART:
            raise ValueError(local)
        ascii_domain = idna.encode(domain, uts46=True, std3_rules=True).decode().rstrip(".")
        email = f"{local}@{ascii_domain}".lower()
        validate_email(email)
        # Some letters take more room in the form that is shown.
        if max(len(email), len(shown_email(email))) > MAX_EMAIL:
            raise ValueError(email)
    except (ValueError, ValidationError) as exc:  # idna's errors are ValueErrors
        raise ValidationError(_("Enter a valid email address."), code="invalid") from exc
    return email


def lookup_email(typed: str) -> str:
    """The form in which an account would have that address; what is no address stays as typed."""
    try:
        return clean_email(typed)
    except ValidationError:
        return plain_email(typed)


def plain_email(typed: str) -> str:
    """As addresses were kept before they had one form. No letter becomes an ASCII one: in lower
    case the Kelvin sign would be a k, and so another person's address."""
    local, at, domain = typed.strip().rpartition("@")
    return f"{local.lower() if local.isascii() else local}{at}{domain.lower()}"


def mailbox(email: str) -> str:
    """What limits of mail count by: `anna+1@x.example` is delivered to `anna@x.example`."""
    local, at, domain = lookup_email(email).rpartition("@")
    return f"{local.partition('+')[0] or local}{at}{domain}"


def shown_email(email: str) -> str:
    """An address as people write it: the domain in its own script."""
    local, at, domain = email.rpartition("@")
    if "xn--" not in domain:
        return email
    try:
        return f"{local}{at}{idna.decode(domain)}"
    except ValueError:
        return email


def fold(text: str) -> str:
    """For comparing what people typed: without regard to letter case in any script, to which
    apostrophe or dash it is, to stress marks and to what is invisible."""
    seen = (c for c in text.translate(_APOSTROPHES) if not _is_ignored(c))
    folded = unicodedata.normalize("NFKC", "".join(seen)).casefold()
    folded = unicodedata.normalize("NFKC", folded).translate(_STRESS)
    return "".join("-" if unicodedata.category(c) == "Pd" else c for c in folded)


def _is_ignored(char: str) -> bool:
    hidden = char in _HIDDEN_MARKS | _BLANK or _is_variation(char)
    return hidden or unicodedata.category(char) == "Cf"


def words_in(text: str, column: str) -> Q:
    """Every word of `text` occurs in the folded `column`, in any order."""
    condition = Q()
    for word in fold(text).split():
        condition &= Q(**{f"{column}__contains": word})
    return condition


def initials(*names: str) -> str:
    """The first letter of each, with all that belongs to it."""
    return "".join(next(_graphemes(name), "").upper() for name in names)


def _graphemes(text: str) -> Iterator[str]:
    """What a reader takes for one character each (UAX #29, as far as names need it)."""
    found = ""
    for char in unicodedata.normalize("NFC", text).strip():
        if found and not _extends(found, char):
            yield found
            found = ""
        found += char
    if found:
        yield found


def _extends(before: str, char: str) -> bool:
    if unicodedata.category(char)[0] == "M" or char in (ZWJ, ZWNJ):
        return True
    if "\U0001f3fb" <= char <= "\U0001f3ff" or "\U000e0020" <= char <= "\U000e007f":
        return True  # skin tones, and the letters of a flag
    if before[-1] == ZWJ and unicodedata.category(char) in ("So", "Sk"):
        return True
    flags = [c for c in before if _is_flag_letter(c)]
    return _is_flag_letter(char) and len(flags) == len(before) == 1


def _is_flag_letter(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"
