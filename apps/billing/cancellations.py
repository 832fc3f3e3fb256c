"""Cancellation by a student, by the terms of the tutor's policy, and waivers of charges."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.billing.cancellation_policies import get_policy
from apps.billing.charges import charge_lesson
from apps.billing.errors import already_reversed, policy_forbids
from apps.billing.ledger import lock_account, reverse_entry
from apps.billing.models import Account, AccountEntry, CancellationDecision, CancellationPolicy
from apps.billing.terms import find_period, find_terms
from apps.billing.wording import LessonTerms, describe_refusal
from apps.classroom.errors import lesson_cancelled
from apps.common.errors import forbidden, invalid, not_found
from apps.lessons.booking import lock_people
from apps.lessons.models import Lesson, LessonChange, Participant
from apps.lessons.participants import cancel_participation, lock_lesson, set_participation
from apps.lessons.series import scoped
from apps.lessons.series.scope import Scope


def load_terms(lesson: Lesson, student: User, now: datetime, *, no_fault: str = "") -> LessonTerms:
    """What it would cost the student to cancel the lesson now, by the policy at its booking.

    Raises `policy_forbids` for a reason that the policy does not accept.
    """
    policy = get_policy(lesson.tutor_id, at=lesson.created_at)
    if no_fault and no_fault not in policy.no_fault_reasons:
        raise policy_forbids(_("Your tutor’s policy does not accept this reason."))
    used = _count_free_late(policy, lesson.tutor_id, student, now)
    terms = find_terms(
        policy,
        lesson.starts_at,
        now,
        used=used,
        has_no_fault=bool(no_fault),
        is_request=lesson.is_requested,
    )
    return LessonTerms(policy, terms)


def _count_free_late(
    policy: CancellationPolicy, tutor_id: int, student: User, now: datetime
) -> int:
    if not policy.free_late_cancellations:
        return 0
    start, end = find_period(policy, now)
    return CancellationDecision.objects.filter(
        student=student,
        policy__tutor=tutor_id,
        was_free_late=True,
        decided_at__gte=start,
        decided_at__lt=end,
    ).count()


def cancel_as_student(
    *, lesson: Lesson, student: User, now: datetime, reason: str = "", no_fault: str = ""
) -> CancellationDecision:
    """End the student's participation by the policy's terms; with the last one the lesson is
    cancelled. Raises `lesson_cancelled`, `policy_forbids`, or `forbidden` where the tutor had no
    policy at all, as before there were any."""
    with transaction.atomic():
        people = lock_people([lesson.tutor_id, student.pk])
        lock_lesson(lesson)
        student = people[student.pk]
        participant = lesson.participants.filter(student=student).first()
        if participant is None or participant.is_cancelled:
            raise lesson_cancelled()
        if get_policy(lesson.tutor_id, at=lesson.created_at).pk is None:
            raise forbidden(_("Only the tutor of this lesson can do this."))
        policy, terms = load_terms(lesson, student, now, no_fault=no_fault)
        if terms.is_refused or participant.status != Participant.Status.BOOKED:
            raise policy_forbids(describe_refusal(lesson, student, policy))
        is_late = terms.is_late and not no_fault
        status = Participant.Status.LATE_CANCELLED if is_late else Participant.Status.CANCELLED
        decision = CancellationDecision(
            lesson=lesson,
            student=student,
            policy=policy,
            decided_at=now,
            outcome=terms.outcome,
            charge_percent=terms.charge_percent,
            was_free_late=terms.uses_free_late,
            no_fault=no_fault if terms.is_late else "",
            reason=reason,
        )
        decision.cancelled_lesson = cancel_participation(
            lesson=lesson, student=student, status=status, reason=reason, now=now
        )
        decision.save()
        charge_lesson(lesson)
    return decision


def cancel_as_tutor(*, lesson: Lesson, scope: Scope, reason: str = "") -> LessonChange | None:
    """Cancel as `scoped.cancel_lesson`, and reverse what the lesson was charged. Other lessons of
    its series have not started; `charge_due` finds what was charged for them."""
    change = scoped.cancel_lesson(lesson=lesson, scope=scope, reason=reason)
    charge_lesson(lesson)
    return change


def record_participation(*, lesson: Lesson, student_id: int, status: str, now: datetime) -> None:
    """Record who came, and charge it. Raises as `participants.set_participation`."""
    with transaction.atomic():
        set_participation(lesson=lesson, student_id=student_id, status=status, now=now)
        charge_lesson(lesson)


def waive(*, lesson: Lesson, student_id: int, tutor: User, note: str) -> None:
    """Reverse what the student was charged for the lesson; the decision stays.

    Nothing to do if the student came too late or not at all and nothing was charged. Raises
    `not_found`, `already_reversed`, or `validation_error` for a lesson that charges nothing.
    """
    participant = lesson.participants.filter(student=student_id).first()
    if participant is None:
        raise not_found()
    with transaction.atomic():
        charge_lesson(lesson)
        account = Account.objects.filter(tutor=tutor, student=student_id).first()
        charges = [] if account is None else _list_charges(lock_account(account), lesson)
        active = [charge for charge in charges if not hasattr(charge, "reversal")]
        for charge in active:
            reverse_entry(entry=charge, created_by=tutor, note=note)
    if not active and charges:
        raise already_reversed()
    if not active and participant.status in (Participant.Status.BOOKED, "cancelled"):
        raise invalid(student_id=_("This student was not charged for the lesson."))


def _list_charges(account: Account, lesson: Lesson) -> list[AccountEntry]:
    of_account = AccountEntry.objects.filter(account=account) | AccountEntry.objects.filter(
        account__merged_into=account
    )
    charges = of_account.filter(lesson=lesson, charge_number__isnull=False)
    return list(charges.select_related("reversal"))
