"""The tutor's bank accounts, and the text of a payment's purpose."""

from collections.abc import Iterable

from apps.accounts.models import User
from apps.billing.models import PayeeDetails
from apps.billing.models.payment import MAX_PURPOSE

CURRENCIES = ("UAH", "EUR")  # those with a QR standard


def list_payees(tutor: User) -> dict[str, PayeeDetails]:
    """By currency, hryvnias first."""
    found = {payee.currency: payee for payee in PayeeDetails.objects.filter(tutor=tutor)}
    return {currency: found[currency] for currency in CURRENCIES if currency in found}


def save_payee(*, tutor: User, currency: str, **changes: str) -> PayeeDetails:
    """Store clean values; details that are stored already keep those that are not named."""
    payee, _is_new = PayeeDetails.objects.update_or_create(
        tutor=tutor, currency=currency, defaults=changes
    )
    return payee


def render_purpose(template: str, *, students: Iterable[str], month: str, reference: str) -> str:
    """Fill in a template; the reference is always in it, and names are cut to fit."""
    if "{number}" not in template:
        template += ", {number}"
    filled = template.replace("{number}", reference).replace("{month}", month)
    names = ", ".join(students)
    space = MAX_PURPOSE - len(filled.replace("{student}", ""))
    if len(names) > space:
        names = names[: max(0, space - 1)].rstrip(" ,") + "…"
    text = filled.replace("{student}", names, 1).replace("{student}", "")
    purpose = " ".join(text.split())
    if reference in purpose[:MAX_PURPOSE]:
        return purpose[:MAX_PURPOSE]
    return f"{purpose[: MAX_PURPOSE - len(reference) - 1].rstrip(' ,')} {reference}"
