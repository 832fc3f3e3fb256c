from decimal import Decimal
from typing import Any

from django import template

from apps.billing.models import Account
from apps.billing.statements.formats import format_amount

register = template.Library()


@register.filter
def money(amount: Decimal, unit: str) -> str:
    return format_amount(amount, unit)


@register.filter
def cost(amount: Decimal, unit: str) -> str:
    """What was charged, which entries have with a minus."""
    return format_amount(-amount, unit)


@register.filter
def at_key(found: dict[int, Any], key: int) -> Any:
    return found.get(key)


@register.filter
def student_name(account: Account) -> str:
    """Also of an account that was merged into that of the same student."""
    owner = account.merged_into or account
    return owner.student.get_full_name() if owner.student else ""
