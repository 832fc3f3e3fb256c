"""Versions of cancellation policies, and who has accepted them."""

from datetime import datetime
from typing import Any

from django.db import transaction

from apps.accounts.models import User
from apps.billing.models import CancellationPolicy, NoFault, PolicyAcceptance
from apps.lessons.booking import lock_people


def get_policy(tutor_id: int, at: datetime | None = None) -> CancellationPolicy:
    """The version in force now, or then. A tutor without one has a policy, not stored, by which
    students may not cancel."""
    versions = CancellationPolicy.objects.filter(tutor=tutor_id)
    if at is not None:
        versions = versions.filter(created_at__lte=at)
    return versions.order_by("-created_at").first() or CancellationPolicy(tutor_id=tutor_id)


def set_policy(*, tutor: User, **fields: Any) -> CancellationPolicy:
    """Add a version, which lessons booked from now on keep; none if nothing changes."""
    chosen = set(fields["no_fault_reasons"])
    fields["no_fault_reasons"] = [value for value in NoFault.values if value in chosen]
    with transaction.atomic():
        lock_people([tutor.pk])
        current = get_policy(tutor.pk)
        if current.pk is not None and policy_json(current) == fields:
            return current
        return CancellationPolicy.objects.create(tutor=tutor, **fields)


def policy_json(policy: CancellationPolicy) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in CancellationPolicy.FIELDS}


def accept_policy(*, student: User, policy: CancellationPolicy) -> None:
    PolicyAcceptance.objects.get_or_create(policy=policy, student=student)


def find_acceptance(student: User, tutor_id: int) -> PolicyAcceptance | None:
    """The last version that the student accepted."""
    accepted = PolicyAcceptance.objects.filter(student=student, policy__tutor=tutor_id)
    return accepted.select_related("policy").order_by("-policy__created_at").first()
