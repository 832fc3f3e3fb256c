"""Joining, inviting, accepting, pausing and leaving classrooms."""

from collections.abc import Collection

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.addresses import verified_emails
from apps.accounts.models import User
from apps.classrooms.invitations import (
    InvitationLink,
    count_invitation,
    invitation_link,
    is_mailed,
    may_mail,
)
from apps.classrooms.models import Classroom, Membership, normal_join_code
from apps.classrooms.notices import send_departure, send_invitation
from apps.common.errors import DomainError, forbidden, invalid, not_found
from apps.common.versions import check_version

Status = Membership.Status

# What the tutor may do; an invitation is only the student's to accept.
_TUTOR_MOVES = {
    Status.INVITED: {Status.REMOVED},
    Status.ACTIVE: {Status.PAUSED, Status.REMOVED},
    Status.PAUSED: {Status.ACTIVE, Status.REMOVED},
    Status.REMOVED: set(),
    Status.DECLINED: {Status.REMOVED},
    Status.LEFT: {Status.REMOVED},
}


@transaction.atomic
def join_classroom(*, student: User, join_code: str) -> Membership:
    """Makes the student an ACTIVE member at once. Raises `not_found` for a wrong code, and
    `forbidden` where the tutor has paused or removed this person."""
    classroom = Classroom.objects.filter(
        join_code=normal_join_code(join_code), archived_at=None
    ).first()
    if classroom is None:
        raise not_found(_("No classroom has this code."))
    theirs = Membership.objects.filter(
        classroom=classroom, student=None, invited_email__in=verified_emails(student)
    )
    membership = Membership.objects.filter(classroom=classroom, student=student).first()
    if membership is None and (invited := theirs.order_by("status").last()):
        if theirs.filter(status=Status.REMOVED).exists():
            raise _kept_out()
        membership = _locked(invited)
        membership.student, membership.invited_email = student, ""
        membership.save()
    if membership is None:
        membership, _created = Membership.objects.get_or_create(
            classroom=classroom,
            student=student,
            defaults={"status": Status.ACTIVE, "joined_at": timezone.now()},
        )
    membership = _locked(membership)
    if membership.status in (Status.PAUSED, Status.REMOVED):
        raise _kept_out()
    theirs.delete()
    return _activate(membership)


@transaction.atomic
def change_classroom(
    *, classroom: Classroom, name: str | None = None, seen: Collection[str] | None = None
) -> None:
    """`seen` are versions that may be replaced. Raises `precondition_failed`."""
    list(Classroom.objects.select_for_update().filter(pk=classroom.pk).values_list("pk"))
    classroom.refresh_from_db()
    check_version(classroom.version, seen)
    if name is not None:
        classroom.name = name
        classroom.save(update_fields=["name"])


@transaction.atomic
def invite_to_classroom(*, classroom: Classroom, email: str) -> Membership:
    """Invites whoever owns the address; a member stays one. Raises `throttled`."""
    now = timezone.now()
    # In the order in which all take these locks: tutor, membership, limits.
    tutor = User.objects.select_for_update(no_key=True).get(pk=classroom.tutor_id)
    membership = _membership_by_email(classroom, email)
    if membership.status in (Status.ACTIVE, Status.PAUSED):
        return membership
    is_new = membership.pk is None or membership.status != Status.INVITED
    if is_new:
        membership.status, membership.invited_at = Status.INVITED, now
        membership.save()
    elif is_mailed(tutor, email, now):
        return membership
    count_invitation(tutor, email, now)
    if settings.EMAIL_URL and may_mail(tutor, email, now):
        transaction.on_commit(lambda: send_invitation(membership, email))
    return membership


def _membership_by_email(classroom: Classroom, email: str) -> Membership:
    """That of a person who has accepted before, or of the address; not saved if it is new."""
    here = Membership.objects.select_related("student").filter(classroom=classroom)
    known = here.filter(student__email=email).first() or here.filter(invited_email=email).first()
    return known or Membership(classroom=classroom, invited_email=email)


@transaction.atomic
def accept_invitation(*, membership: Membership, student: User) -> Membership:
    """Raises `forbidden` unless it is an invitation still (repeating an acceptance is fine)."""
    membership = _locked(membership)
    if membership.status not in (Status.INVITED, Status.ACTIVE):
        raise forbidden(_("This invitation was taken back."))
    if membership.student_id is None:
        other = Membership.objects.filter(classroom=membership.classroom, student=student).first()
        if other is not None and other.status == Status.PAUSED:
            raise _kept_out()
        if other is not None:
            membership.delete()
            membership = other
        else:
            membership.student, membership.invited_email = student, ""
    return _activate(membership)


@transaction.atomic
def decline_invitation(*, membership: Membership) -> Membership:
    """Raises `forbidden` unless it is an invitation still (repeating it is fine)."""
    membership = _locked(membership)
    if membership.status not in (Status.INVITED, Status.DECLINED):
        raise forbidden(_("This is no invitation any more."))
    membership.status = Status.DECLINED
    membership.save(update_fields=["status"])
    return membership


@transaction.atomic
def leave_classroom(*, membership: Membership) -> Membership:
    """The student goes; lessons stay in the calendar. The code lets a student back in, but nobody
    whom the tutor has paused. Raises `forbidden`."""
    membership = _locked(membership)
    if membership.status in (Status.LEFT, Status.REMOVED):
        return membership
    if membership.status not in (Status.ACTIVE, Status.PAUSED):
        raise forbidden(_("You are not a member of this classroom."))
    is_paused = membership.status == Status.PAUSED
    membership.status = Status.REMOVED if is_paused else Status.LEFT
    membership.save(update_fields=["status"])
    transaction.on_commit(lambda: send_departure(membership))
    return membership


def link_of(*, membership: Membership) -> InvitationLink:
    """Raises `forbidden` unless it is an invitation still."""
    if membership.status != Status.INVITED:
        raise forbidden(_("This is no invitation any more."))
    return invitation_link(membership, timezone.now())


def _why_not(current: Status) -> str:
    choices = [str(status) for status in (current, *sorted(_TUTOR_MOVES[current]))]
    if len(choices) == 1:
        return _("A removed student stays removed. Send a new invitation instead.")
    return _("This membership is “%(current)s”. Must be one of: %(choices)s.") % {
        "current": current,
        "choices": ", ".join(choices),
    }


@transaction.atomic
def change_membership(*, membership: Membership, status: str) -> Membership:
    """The tutor pauses, resumes or removes. Raises `forbidden` where only the student may.

    A student who is removed cannot come back by an older invitation to another of their
    addresses: those end too."""
    if status == membership.status:
        return membership
    current = Status(membership.status)
    if status == Status.ACTIVE and current == Status.INVITED:
        raise forbidden(_("Only the student can accept an invitation."))
    if status not in _TUTOR_MOVES[current]:
        raise invalid(status=_why_not(current))
    moved = Membership.objects.filter(pk=membership.pk, status=current).update(status=status)
    if not moved:
        raise invalid(status=_("Somebody else has just changed this membership."))
    membership.status = status
    if status == Status.REMOVED and membership.student is not None:
        Membership.objects.filter(
            classroom=membership.classroom_id,
            status=Status.INVITED,
            invited_email__in=verified_emails(membership.student),
        ).update(status=Status.REMOVED)
    return membership


def archive_classroom(*, classroom: Classroom) -> None:
    """It leaves every list and its code opens nothing; lessons stay."""
    classroom.archived_at = timezone.now()
    classroom.save(update_fields=["archived_at"])


def restore_classroom(*, classroom: Classroom) -> None:
    """Takes the archiving back: the same members, and the same code opens it again."""
    classroom.archived_at = None
    classroom.save(update_fields=["archived_at"])


def _kept_out() -> DomainError:
    return forbidden(_("Your tutor has to let you back into this classroom."))


def _locked(membership: Membership) -> Membership:
    """As it is now, and until the transaction ends: the tutor may be removing it meanwhile."""
    found = (
        Membership.objects.select_for_update(of=("self",))
        .select_related("classroom", "student")
        .filter(pk=membership.pk)
        .first()
    )
    if found is None:
        raise not_found()
    return found


def _activate(membership: Membership) -> Membership:
    if membership.status != Status.ACTIVE or membership.joined_at is None:
        membership.status = Status.ACTIVE
        membership.joined_at = membership.joined_at or timezone.now()
        membership.save()
    return membership
