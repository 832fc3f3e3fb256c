"""Domain errors of lessons and their invite links."""

from django.utils.translation import gettext as _

from apps.common.errors import DomainError


def lesson_not_found() -> DomainError:
    return DomainError("lesson_not_found", 404, _("There is no such lesson."))


def lesson_cancelled() -> DomainError:
    return DomainError("lesson_cancelled", 409, _("This lesson was cancelled."))


def lesson_conflict(detail: str) -> DomainError:
    return DomainError("lesson_conflict", 409, detail)


def not_a_member() -> DomainError:
    return DomainError(
        "not_a_member", 403, _("This student is not an active member of a classroom of yours.")
    )


def invite_invalid() -> DomainError:
    return DomainError("invite_invalid", 400, _("This invite link is not valid."))


def invite_expired() -> DomainError:
    """The detail is not translated: the API contract fixes its text."""
    return DomainError("invite_expired", 410, "Invite expired")
