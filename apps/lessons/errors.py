"""Domain errors of lessons; those that rooms raise too are in apps/classroom/errors.py."""

from django.utils.translation import gettext as _

from apps.classroom import errors as room_errors
from apps.common.errors import DomainError


def lesson_not_found() -> DomainError:
    return DomainError("lesson_not_found", 404, _("Lesson not found."))


def series_not_found() -> DomainError:
    return DomainError("series_not_found", 404, _("Lesson series not found."))


def lesson_conflict(detail: str) -> DomainError:
    return DomainError("lesson_conflict", 409, detail)


def not_a_member() -> DomainError:
    return room_errors.not_a_member(
        _("This student is not an active member of a classroom of yours.")
    )
