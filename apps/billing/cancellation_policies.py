"""Versions of cancellation policies, and who has accepted them."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from apps.accounts.models import User
from apps.billing.models import CancellationPolicy, NoFault, PolicyAcceptance
from apps.classrooms.models import Membership
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


def list_versions(tutor: User) -> QuerySet[CancellationPolicy]:
    """The newest, which is in force, first."""
    return CancellationPolicy.objects.filter(tutor=tutor).order_by("-created_at")


def policy_json(policy: CancellationPolicy) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in CancellationPolicy.FIELDS}


def accept_policy(*, student: User, policy: CancellationPolicy) -> None:
    PolicyAcceptance.objects.get_or_create(policy=policy, student=student)


def find_acceptance(student: User, tutor_id: int) -> PolicyAcceptance | None:
    """The last version that the student accepted."""
    accepted = PolicyAcceptance.objects.filter(student=student, policy__tutor=tutor_id)
    return accepted.select_related("policy").order_by("-policy__created_at").first()


def find_unaccepted(student: User, tutor_id: int) -> CancellationPolicy | None:
    """The version in force, if the tutor has a policy and the student has not accepted it."""
    policy = get_policy(tutor_id)
    if policy.pk is None:
        return None
    is_accepted = PolicyAcceptance.objects.filter(policy=policy, student=student).exists()
    return None if is_accepted else policy


def list_unaccepted(student: User) -> QuerySet[CancellationPolicy]:
    """The policies in force of the student's present tutors which the student has not accepted."""
    newer = CancellationPolicy.objects.filter(
        tutor=OuterRef("tutor"), created_at__gt=OuterRef("created_at")
    )
    accepted = PolicyAcceptance.objects.filter(policy=OuterRef("pk"), student=student)
    tutors = Membership.objects.active().filter(student=student).values("classroom__tutor")
    policies = CancellationPolicy.objects.filter(~Exists(newer), ~Exists(accepted))
    return policies.filter(tutor__in=tutors).select_related("tutor").order_by("created_at")


def accept_shown(*, student: User, tutor_id: int, shown: str) -> None:
    """Record that the student accepted the version whose id the page had sent along; nothing if
    the tutor has changed the policy meanwhile, so that the new one is shown."""
    policy = get_policy(tutor_id)
    if policy.pk is not None and str(policy.pk) == shown:
        accept_policy(student=student, policy=policy)
