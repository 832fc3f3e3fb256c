"""QR codes that fill in a transfer in a bank's app: of Ukrainian banks and of euro accounts.

docs/payments.md names the standards, the versions used and their sources.
"""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

import segno
from segno import helpers

NBU_LINK = "https://bank.gov.ua/qr/"
MAX_NAME = 70
MAX_PURPOSE = 140  # EPC069-12; the Ukrainian format has more
MAX_PAYLOAD = 331  # bytes, of either standard
MAX_EURO = Decimal("999999999.99")
_KEPT_END = 16  # characters at the end of a purpose, where the number of the request is
_KEPT_PURPOSE = 40  # before the name of the account's owner is cut
_MIN_VERSION = 10  # of a Ukrainian QR code
_SIGN_SHARE = 0.16  # diameter of the sign in the middle; 2 % of the area, of 15 % that M restores
_DARK = "#14211c"
# The hryvnia sign in a box of 100 by 100.
_HRYVNIA = (
    "M30 34C33 22 42 17 52 17c13 0 22 7 22 18 0 20-45 18-45 40 0 12 9 18 21 18 11 0 20-6 23-17"
    "M20 44h60M20 60h60"
)


@dataclass(frozen=True, slots=True)
class Transfer:
    """`iban` is normalised; `tax_id` is needed for hryvnias alone."""

    name: str
    iban: str
    tax_id: str
    currency: str
    amount: Decimal
    purpose: str


def has_qr(transfer: Transfer) -> bool:
    is_euro = transfer.currency == "EUR" and transfer.amount <= MAX_EURO
    return is_euro or transfer.currency == "UAH"


def nbu_link(transfer: Transfer) -> str:
    """The link that a Ukrainian QR code holds; it also opens a bank's app on a phone."""
    encoded = base64.urlsafe_b64encode(_nbu_payload(transfer)).decode().rstrip("=")
    return NBU_LINK + encoded


def _nbu_payload(transfer: Transfer) -> bytes:
    """Format 002. Windows-1251 is a byte per letter and what banks write themselves; a text with
    other letters is in UTF-8, and may be too long for the standard."""
    try:
        return _nbu_lines(transfer, "2").encode("cp1251")
    except UnicodeEncodeError:
        return _nbu_lines(_fit(transfer, lambda one: _nbu_lines(one, "1")), "1").encode()


def _fit(transfer: Transfer, text_of: Callable[[Transfer], str]) -> Transfer:
    """Cut the purpose, but not its end, and then the name, until the text fits into the code."""
    while len(text_of(transfer).encode()) > MAX_PAYLOAD:
        purpose, name = transfer.purpose, transfer.name
        if len(purpose) > _KEPT_PURPOSE:
            shorter = purpose[: -_KEPT_END - 1] + purpose[-_KEPT_END:]
            transfer = replace(transfer, purpose=shorter)
        elif len(name) > 1:
            transfer = replace(transfer, name=name[:-1])
        else:  # the letters of the end are long ones
            transfer = replace(transfer, purpose=purpose[1:])
    return transfer


def _nbu_lines(transfer: Transfer, encoding: str) -> str:
    fields = (
        *("BCD", "002", encoding, "UCT", ""),
        *(transfer.name, transfer.iban, f"UAH{transfer.amount:.2f}", transfer.tax_id),
        *("", "", transfer.purpose, ""),
    )
    return "\n".join(" ".join(field.split()) for field in fields)


def qr_code(transfer: Transfer) -> segno.QRCode:
    """Raises ValueError for a transfer without a standard, see `has_qr`."""
    if transfer.currency == "EUR":
        transfer = _fit(transfer, _epc_lines)
        return helpers.make_epc_qr(
            name=transfer.name,
            iban=transfer.iban,
            amount=transfer.amount,
            text=transfer.purpose,
            encoding="utf-8",
        )
    if transfer.currency != "UAH":
        raise ValueError(transfer.currency)
    link = nbu_link(transfer)
    code = segno.make_qr(link, error="m")
    if isinstance(code.version, int) and code.version >= _MIN_VERSION:
        return code
    return segno.make_qr(link, error="m", version=_MIN_VERSION)


def _epc_lines(transfer: Transfer) -> str:
    """As long as what segno encodes."""
    fields = (
        *("BCD", "002", "1", "SCT", ""),
        *(transfer.name, transfer.iban, f"EUR{transfer.amount:.2f}", "", "", transfer.purpose),
    )
    return "\n".join(fields)


def qr_svg(transfer: Transfer) -> bytes:
    """The picture; a Ukrainian one has the sign of the hryvnia in its middle, as it must."""
    code = qr_code(transfer)
    out = io.BytesIO()
    code.save(out, kind="svg", border=4, dark=_DARK, light="#fff", omitsize=True, xmldecl=False)
    svg = out.getvalue()
    if transfer.currency != "UAH":
        return svg
    size = code.symbol_size(border=4)[0]
    sign = _hryvnia_sign(size)
    return svg.replace(b"</svg>", sign.encode() + b"</svg>")


def _hryvnia_sign(size: float) -> str:
    middle, radius = size / 2, size * _SIGN_SHARE / 2
    scale = radius * 1.3 / 100
    corner = middle - 50 * scale
    return (
        f'<circle cx="{middle}" cy="{middle}" r="{radius:.2f}" fill="#fff"/>'
        f'<path transform="translate({corner:.3f} {corner + 2.5 * scale:.3f}) scale({scale:.5f})"'
        f' d="{_HRYVNIA}" fill="none" stroke="{_DARK}" stroke-width="9"/>'
    )
