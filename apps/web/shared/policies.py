"""A tutor's cancellation policy where a student joins, who accepts it by joining."""

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.accounts.models import User
from apps.billing.cancellation_policies import accept_shown, find_unaccepted
from apps.billing.policy_words import describe_policy

FIELD = "policy"
"""The hidden field by which a form tells which version it showed."""


class ShownPolicy(NamedTuple):
    id: int
    sentences: list[str]


def show_policy(reader: object, tutor_id: int | None) -> ShownPolicy | None:
    """The version that the student has still to accept; None for tutors and visitors."""
    if not isinstance(reader, User) or not reader.is_student or tutor_id is None:
        return None
    policy = find_unaccepted(reader, tutor_id)
    return ShownPolicy(policy.pk, describe_policy(policy)) if policy else None


def continue_after_joining(
    request: HttpRequest, student: User, tutor_id: int | None, *, then: str
) -> HttpResponse:
    """Record the acceptance of the policy that the form showed. A page that showed none, or an
    earlier version, leads on to the policy."""
    if tutor_id is None:
        return redirect(then)
    accept_shown(student=student, tutor_id=tutor_id, shown=request.POST.get(FIELD, ""))
    if find_unaccepted(student, tutor_id) is not None:
        return redirect("web:tutor-policy", tutor_id)
    return redirect(then)
