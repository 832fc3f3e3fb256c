from django.utils.translation import gettext as _

from apps.common.errors import DomainError


def policy_forbids(detail: str) -> DomainError:
    return DomainError("policy_forbids", 409, detail)


def already_reversed() -> DomainError:
    return DomainError("already_reversed", 409, _("This entry has been reversed already."))


def request_settled() -> DomainError:
    return DomainError("request_settled", 409, _("This request is paid or withdrawn already."))
