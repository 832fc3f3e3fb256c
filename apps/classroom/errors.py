"""Domain errors of rooms; apps/lessons, which is above, raises them too."""

from django.utils.translation import gettext as _

from apps.common.errors import DomainError


def lesson_cancelled() -> DomainError:
    return DomainError("lesson_cancelled", 409, _("This lesson was cancelled."))


def invite_invalid() -> DomainError:
    return DomainError("invite_invalid", 400, _("This invite link is not valid."))


def invite_revoked() -> DomainError:
    """The code of an invalid link: an API client cannot do anything else about it."""
    return DomainError("invite_invalid", 400, _("The tutor has revoked this invite link."))


def invite_expired() -> DomainError:
    """The detail is not translated: the API contract fixes its text."""
    return DomainError("invite_expired", 410, "Invite expired")


def not_a_member(detail: str) -> DomainError:
    return DomainError("not_a_member", 403, detail)
