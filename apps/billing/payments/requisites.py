"""Checks of bank account numbers (IBAN) and Ukrainian tax numbers."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

MAX_IBAN = 34  # ISO 13616
UKRAINIAN_LENGTH = 29
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_TAX_ID = re.compile(r"[0-9]{8}|[0-9]{10}")  # EDRPOU of an organisation, RNOKPP of a person
# The territories of the SEPA scheme whose accounts take euro, by the first letters of an IBAN.
_EURO_COUNTRIES = re.compile(
    "A[DLT]|B[EG]|C[HYZ]|D[EK]|E[ES]|F[IR]|G[BIR]|H[RU]|I[EST]|L[ITUV]|M[CDEKT]|N[LO]|P[LT]"
    "|R[OS]|S[EIKM]|VA"
)


def normalise_iban(typed: str) -> str:
    """Without spaces and hyphens, in upper case; not checked."""
    return re.sub(r"[\s\u00ad\u2010-\u2015-]+", "", typed).upper()


def is_valid_iban(iban: str) -> bool:
    """Check a normalised IBAN: its shape and the check digits (ISO 7064, mod 97-10)."""
    if not _IBAN.fullmatch(iban):
        return False
    if iban.startswith("UA") and not re.fullmatch(r"UA[0-9]{27}", iban):
        return False
    digits = "".join(str(int(char, 36)) for char in iban[4:] + iban[:4])
    return int(digits) % 97 == 1


def clean_iban(typed: str) -> str:
    """Raises ValidationError."""
    iban = normalise_iban(typed)
    if not is_valid_iban(iban):
        raise ValidationError(_("This IBAN has a typing error. Copy it from your bank’s app."))
    return iban


def takes_euro(iban: str) -> bool:
    """Whether an account can be paid by a SEPA credit transfer."""
    return bool(_EURO_COUNTRIES.match(iban))


def format_iban(iban: str) -> str:
    """In groups of four, as banks print it."""
    return " ".join(iban[i : i + 4] for i in range(0, len(iban), 4))


def clean_tax_id(typed: str) -> str:
    """Raises ValidationError."""
    number = re.sub(r"\s+", "", typed)
    if not _TAX_ID.fullmatch(number):
        raise ValidationError(_("A tax number has 10 digits, or 8 of an organisation."))
    return number
