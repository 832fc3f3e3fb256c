from typing import Any

from django.utils.translation import gettext as _

from apps.booking.slots import Span
from apps.common.errors import DomainError


def not_bookable(detail: str, next_slots: list[Span] | None = None) -> DomainError:
    extra = None if next_slots is None else {"next_slots": slot_rows(next_slots)}
    return DomainError("not_bookable", 409, detail, extra=extra)


def slot_taken(next_slots: list[Span]) -> DomainError:
    detail = _("This time has just been taken.")
    return DomainError("lesson_conflict", 409, detail, extra={"next_slots": slot_rows(next_slots)})


def not_requested() -> DomainError:
    return DomainError("not_requested", 409, _("This lesson does not wait for confirmation."))


def slot_rows(slots: list[Span]) -> list[dict[str, Any]]:
    return [{"starts_at": starts_at, "ends_at": ends_at} for starts_at, ends_at in slots]
