"""Joining, inviting, accepting, pausing and leaving classrooms."""

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.classrooms.models import Classroom, Membership, normal_join_code
from apps.classrooms.notices import send_invitation
from apps.common.errors import forbidden, invalid, not_found
from apps.common.versions import check_version

Status = Membership.Status

# What the tutor may do; an invitation is only the student's to accept.
_TUTOR_MOVES = {
    Status.INVITED: {Status.REMOVED},
    Status.ACTIVE: {Status.PAUSED, Status.REMOVED},
    Status.PAUSED: {Status.ACTIVE, Status.REMOVED},
    Status.REMOVED: set(),
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
    membership = _locked(_membership_of(classroom, student, Status.ACTIVE))
    if membership.status in (Status.PAUSED, Status.REMOVED):
        raise forbidden(_("Your tutor has to let you back into this classroom."))
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
    """Invites a person, with an account or without; somebody who is a member already stays so."""
    email = email.strip().lower()
    student = User.objects.filter(email=email, is_active=True).first()
    if student is None:
        membership, _created = Membership.objects.get_or_create(
            classroom=classroom, invited_email=email, defaults={"status": Status.INVITED}
        )
    elif not student.is_student:
        raise invalid(email=_("This account is not a student's."))
    else:
        membership = _membership_of(classroom, student, Status.INVITED)
    if membership.status == Status.REMOVED:
        membership.status = Status.INVITED
        membership.save(update_fields=["status"])
    if membership.status == Status.INVITED:
        transaction.on_commit(lambda: send_invitation(membership, email))
    return membership


@transaction.atomic
def accept_invitation(*, membership: Membership, student: User) -> Membership:
    """Raises `forbidden` unless it is an invitation still (repeating an acceptance is fine)."""
    membership = _locked(membership)
    if membership.status not in (Status.INVITED, Status.ACTIVE):
        raise forbidden(_("This invitation was taken back."))
    if membership.student_id is None:
        other = Membership.objects.filter(classroom=membership.classroom, student=student).first()
        if other is not None:
            membership.delete()
            membership = other
        else:
            membership.student, membership.invited_email = student, ""
    return _activate(membership)


def change_membership(*, membership: Membership, status: str) -> Membership:
    """The tutor pauses, resumes or removes. Raises `forbidden` where only the student may."""
    if status == membership.status:
        return membership
    current = Status(membership.status)
    if status == Status.ACTIVE and current == Status.INVITED:
        raise forbidden(_("Only the student can accept an invitation."))
    if status not in _TUTOR_MOVES[current]:
        raise invalid(status=_("A membership cannot go from this state to that one."))
    moved = Membership.objects.filter(pk=membership.pk, status=current).update(status=status)
    if not moved:
        raise invalid(status=_("Somebody else has just changed this membership."))
    membership.status = status
    return membership


def archive_classroom(*, classroom: Classroom) -> None:
    """It leaves every list and its code opens nothing; lessons stay."""
    classroom.archived_at = timezone.now()
    classroom.save(update_fields=["archived_at"])


def restore_classroom(*, classroom: Classroom) -> None:
    """Takes the archiving back: the same members, and the same code opens it again."""
    classroom.archived_at = None
    classroom.save(update_fields=["archived_at"])


def _membership_of(classroom: Classroom, student: User, status: Status) -> Membership:
    """The person's one membership: found, adopted from an e-mail invitation, or made."""
    joined_at = timezone.now() if status == Status.ACTIVE else None
    pending = Membership.objects.filter(
        classroom=classroom, student=None, invited_email=student.email
    )
    if not Membership.objects.filter(classroom=classroom, student=student).exists():
        pending.update(student=student, invited_email="")
    membership, _created = Membership.objects.get_or_create(
        classroom=classroom,
        student=student,
        defaults={"status": status, "joined_at": joined_at},
    )
    membership.student, membership.classroom = student, classroom
    return membership


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
