"""Joining, inviting, accepting, pausing and leaving classrooms."""

from collections.abc import Collection

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts import tutor_blocks
from apps.accounts.addresses import verified_emails
from apps.accounts.models import User
from apps.accounts.policies import require_student
from apps.accounts.tutor_blocks import is_blocked_by_owner, unblock_tutor
from apps.classrooms.invitations import (
    InvitationLink,
    consume_mail_limit,
    count_invitation,
    make_invitation_link,
    was_mailed_today,
)
from apps.classrooms.models import Classroom, Membership
from apps.classrooms.models.membership import MembershipQuerySet
from apps.classrooms.notices import (
    send_departure_notice,
    send_invitation,
    send_joining_notice,
)
from apps.classrooms.queries import find_classroom_by_code
from apps.common.errors import DomainError, forbidden, invalid, not_found
from apps.common.etags import check_version
from apps.common.models import DailyLimit

Status = Membership.Status
# Mails about those who join or leave by themselves, a day, each of the two kinds.
MAX_NOTICES_PER_MEMBER = 3
MAX_NOTICES_PER_CLASSROOM = 30
MAX_CLASSROOMS = 500  # of one tutor, with archived ones: pages and lists name them all

# The status changes a tutor may make; only the student can accept an invitation.
_TUTOR_TRANSITIONS = {
    Status.INVITED: {Status.REMOVED},
    Status.ACTIVE: {Status.PAUSED, Status.REMOVED},
    Status.PAUSED: {Status.ACTIVE, Status.REMOVED},
    Status.REMOVED: set(),
    Status.DECLINED: {Status.REMOVED},
    Status.LEFT: {Status.REMOVED},
}


@transaction.atomic
def join_classroom(*, student: User, join_code: str) -> Membership:
    """Make the student an active member and notify the tutor of somebody who was not invited.

    Raises `not_found` for a wrong code or a closed one, and `forbidden` if the tutor has paused or
    removed the student."""
    classroom = find_classroom_by_code(join_code)
    if classroom is None:
        raise not_found(_("No classroom has this code."))
    membership, created = _lock_own_membership(classroom, student), False
    address_memberships = Membership.objects.filter(
        classroom=classroom, student=None, invited_email__in=verified_emails(student)
    )
    if membership is None and (invited := _lock_first(address_memberships.order_by("-status"))):
        if invited.status == Status.REMOVED:  # sorts first
            raise _readmission_error()
        membership = invited
        membership.student, membership.invited_email = student, ""
        membership.save()
    if membership is None:
        membership, created = Membership.objects.get_or_create(
            classroom=classroom,
            student=student,
            defaults={"status": Status.ACTIVE, "joined_at": timezone.now()},
        )
    if membership.status in (Status.PAUSED, Status.REMOVED):
        raise _readmission_error()
    address_memberships.delete()
    if created:
        unblock_tutor(student=student, tutor_id=classroom.tutor_id)
    if created or membership.status not in (Status.ACTIVE, Status.INVITED):
        _notify_tutor_of_joining(membership)
    return _activate(membership)


def _notify_tutor_of_joining(membership: Membership) -> None:
    if settings.EMAIL_URL and _consume_notice("joining", membership):
        send_joining_notice(membership)


def _consume_notice(kind: str, membership: Membership) -> bool:
    """Count one mail; False over a limit: a student can leave and rejoin at will, and so can
    accounts that a stranger makes."""
    now = timezone.now()
    return DailyLimit.use(
        f"{kind}:{membership.pk}", MAX_NOTICES_PER_MEMBER, now
    ) and DailyLimit.use(f"{kind}s:{membership.classroom_id}", MAX_NOTICES_PER_CLASSROOM, now)


@transaction.atomic
def create_classroom(*, tutor: User, name: str) -> Classroom:
    """Raises `validation_error` if the tutor has MAX_CLASSROOMS."""
    list(User.objects.select_for_update(no_key=True).filter(pk=tutor.pk).values_list("pk"))
    if Classroom.objects.filter(tutor=tutor).count() >= MAX_CLASSROOMS:
        message = ngettext(
            "At most %(n)s classroom, archived ones included. Rename one that you no longer need.",
            "At most %(n)s classrooms, archived ones included. Rename one that you no longer need.",
            MAX_CLASSROOMS,
        )
        raise invalid(name=message % {"n": MAX_CLASSROOMS})
    return Classroom.objects.create(tutor=tutor, name=name)


@transaction.atomic
def change_classroom(
    *,
    classroom: Classroom,
    name: str | None = None,
    join_code_open: bool | None = None,
    seen: Collection[str] | None = None,
) -> None:
    """Rename the classroom, open or close its code. Raises `precondition_failed` if its version is
    not one of `seen`."""
    list(Classroom.objects.select_for_update().filter(pk=classroom.pk).values_list("pk"))
    classroom.refresh_from_db()
    check_version(classroom.version, seen)
    if name is not None:
        classroom.name = name
        classroom.save(update_fields=["name"])
    if join_code_open is not None:
        classroom.set_code_open(join_code_open)


@transaction.atomic
def invite_to_classroom(*, classroom: Classroom, email: str) -> Membership:
    """Invite the owner of the address; a no-op for a member. Raises `throttled`."""
    now = timezone.now()
    # Lock order everywhere: people, memberships, limits.
    tutor = User.objects.select_for_update(no_key=True).get(pk=classroom.tutor_id)
    membership = _get_or_build_membership(classroom, email)
    if membership.status in (Status.ACTIVE, Status.PAUSED):
        return membership
    is_new = membership.pk is None or membership.status != Status.INVITED
    if is_new:
        membership.status, membership.invited_at = Status.INVITED, now
        membership.save()
    elif was_mailed_today(tutor, email, now):
        return membership
    count_invitation(tutor, email, now)
    if settings.EMAIL_URL and consume_mail_limit(tutor, email, now):
        is_blocked = is_blocked_by_owner(tutor, email)
        send_invitation(membership, email, is_blocked=is_blocked)
    return membership


def _get_or_build_membership(classroom: Classroom, email: str) -> Membership:
    """Return the membership of a present member with this address or of the address, else an
    unsaved one. A former member's address is not compared: the id would tell the tutor what it
    is now. Their acceptance revives the membership they had."""
    in_classroom = Membership.objects.select_related("student").filter(classroom=classroom)
    members = in_classroom.filter(status__in=(Status.ACTIVE, Status.PAUSED))
    existing = (
        members.filter(student__email=email).first()
        or in_classroom.filter(invited_email=email).first()
    )
    return existing or Membership(classroom=classroom, invited_email=email)


@transaction.atomic
def accept_invitation(*, membership: Membership, student: User) -> Membership:
    """Make the student an active member; idempotent. Raises `forbidden` if the invitation was
    withdrawn or taken by somebody else, or the tutor has paused the student."""
    own = _lock_own_membership(membership.classroom, student)
    membership = _lock_membership(membership)
    is_open = membership.status in (Status.INVITED, Status.ACTIVE)
    if not is_open or membership.student_id not in (None, student.pk):
        raise forbidden(_("This invitation was withdrawn."))
    if membership.student_id is None and own is not None:
        if own.status == Status.PAUSED:
            raise _readmission_error()
        membership.delete()
        membership = own
    elif membership.student_id is None:
        membership.student, membership.invited_email = student, ""
    return _activate(membership)


@transaction.atomic
def decline_invitation(
    *, membership: Membership, person: User, block_tutor: bool = False
) -> Membership:
    """Decline the invitation; idempotent. Raises `forbidden` if it is not open, or for a block by
    somebody who is not a student."""
    if block_tutor:
        require_student(person)
    membership = _lock_membership(membership)
    if membership.status not in (Status.INVITED, Status.DECLINED):
        raise forbidden(_("This invitation is no longer valid."))
    membership.status = Status.DECLINED
    membership.save(update_fields=["status"])
    if block_tutor:
        tutor_blocks.block_tutor(student=person, tutor=membership.classroom.tutor)
    return membership


@transaction.atomic
def leave_classroom(*, membership: Membership) -> Membership:
    """End the membership; lessons stay. The student can rejoin by the code, unless paused, in
    which case the membership becomes `removed`. Raises `forbidden` for non-members."""
    membership = _lock_membership(membership)
    if membership.status in (Status.LEFT, Status.REMOVED):
        return membership
    if membership.status not in (Status.ACTIVE, Status.PAUSED):
        raise forbidden(_("You are not a member of this classroom."))
    is_paused = membership.status == Status.PAUSED
    membership.status = Status.REMOVED if is_paused else Status.LEFT
    membership.save(update_fields=["status"])
    if settings.EMAIL_URL and _consume_notice("departure", membership):
        send_departure_notice(membership)
    return membership


def create_invitation_link(*, membership: Membership) -> InvitationLink:
    """Make a link that accepts the invitation. Raises `forbidden` if it is not open."""
    if membership.status != Status.INVITED:
        raise forbidden(_("This invitation is no longer valid."))
    return make_invitation_link(membership, timezone.now())


def _tutor_transitions(membership: Membership) -> set[Status]:
    """A placeholder, who can accept nothing, comes back when the tutor says so."""
    current = Status(membership.status)
    if current == Status.REMOVED and membership.student and membership.student.is_placeholder:
        return {Status.ACTIVE}
    return _TUTOR_TRANSITIONS[current]


def _transition_error_message(current: Status, allowed: set[Status]) -> str:
    choices = [str(status) for status in (current, *sorted(allowed))]
    if len(choices) == 1:
        return _("A removed student can only come back with a new invitation.")
    return _("This membership is “%(current)s”. Must be one of: %(choices)s.") % {
        "current": current,
        "choices": ", ".join(choices),
    }


@transaction.atomic
def change_membership(*, membership: Membership, status: str) -> Membership:
    """Pause, resume or remove a member, as the tutor. Raises `validation_error` for a status that
    cannot follow the current one, `forbidden` for accepting on the student's behalf.

    Removing a student also withdraws open invitations to their other addresses, which would let
    them back in."""
    membership = _lock_with_person(membership)
    if status == membership.status:
        return membership
    current = Status(membership.status)
    if status == Status.ACTIVE and current == Status.INVITED:
        raise forbidden(_("Only the student can accept an invitation."))
    allowed = _tutor_transitions(membership)
    if status not in allowed:
        raise invalid(status=_transition_error_message(current, allowed))
    membership.status = status
    membership.save(update_fields=["status"])
    if status == Status.REMOVED and membership.student is not None:
        Membership.objects.filter(
            classroom=membership.classroom_id,
            status=Status.INVITED,
            invited_email__in=verified_emails(membership.student),
        ).update(status=Status.REMOVED)
    return membership


def archive_classroom(*, classroom: Classroom) -> None:
    """Hide the classroom from all lists and disable its join code; lessons stay."""
    classroom.archived_at = timezone.now()
    classroom.save(update_fields=["archived_at"])


def restore_classroom(*, classroom: Classroom) -> None:
    """Undo archiving, with the same members and join code."""
    classroom.archived_at = None
    classroom.save(update_fields=["archived_at"])


def _readmission_error() -> DomainError:
    return forbidden(_("Only your tutor can let you back into this classroom."))


def _lock_own_membership(classroom: Classroom, student: User) -> Membership | None:
    """Lock the student, so that nothing else makes them a member meanwhile, then the membership
    that they have already. Open invitations are locked after it, as a removal does."""
    list(User.objects.select_for_update(no_key=True).filter(pk=student.pk).values_list("pk"))
    return _lock_first(Membership.objects.filter(classroom=classroom, student=student))


def _lock_membership(membership: Membership) -> Membership:
    """Reload the membership and lock it until the transaction ends. Raises `not_found`."""
    found = _lock_first(Membership.objects.filter(pk=membership.pk))
    if found is None:
        raise not_found()
    return found


def _lock_with_person(membership: Membership) -> Membership:
    """Lock the student, then the membership. Raises `not_found` if it was merged into another one
    meanwhile, `validation_error` if it has become somebody else's."""
    people = User.objects.select_for_update(no_key=True).filter(pk=membership.student_id or 0)
    list(people.values_list("pk"))
    found = _lock_membership(membership)
    if found.student_id != membership.student_id:
        raise invalid(status=_("Somebody else has just changed this membership."))
    return found


def _lock_first(memberships: MembershipQuerySet) -> Membership | None:
    locked = memberships.select_for_update(of=("self",)).select_related("classroom", "student")
    return locked.first()


def _activate(membership: Membership) -> Membership:
    if membership.status != Status.ACTIVE or membership.joined_at is None:
        membership.status = Status.ACTIVE
        membership.joined_at = membership.joined_at or timezone.now()
        membership.save()
        if membership.student is not None:
            unblock_tutor(student=membership.student, tutor_id=membership.classroom.tutor_id)
    return membership
