"""Permissions on classrooms and memberships."""

from django.utils.translation import gettext as _

from apps.accounts.addresses import verified_emails
from apps.accounts.models import User
from apps.accounts.policies import require_student, require_tutor
from apps.classrooms.invitations import read_invitation
from apps.classrooms.models import Classroom, Membership
from apps.common.errors import DomainError, forbidden, not_found
from apps.common.parsing import MAX_ID


def may_manage_classroom(user: User, classroom: Classroom) -> bool:
    return user.is_tutor and classroom.tutor_id == user.pk


def may_invite_student(tutor: User, student: User) -> bool:
    """Whether the student is a placeholder of this tutor, who may hand out its link."""
    return tutor.is_tutor and student.placeholder_of_id == tutor.pk


def may_accept_invitation(user: User, membership: Membership, token: str = "") -> bool:
    """Whether the user is the invited student, has confirmed the invited address, or has the link.

    Raises `invite_invalid` or `invite_expired` for a bad `token`."""
    return user.is_student and may_decline_invitation(user, membership, token)


def may_decline_invitation(user: User, membership: Membership, token: str = "") -> bool:
    """As `may_accept_invitation`, but also for a tutor whose address was taken for a student's."""
    if membership.student_id is not None:
        return membership.student_id == user.pk
    if token and read_invitation(token).pk == membership.pk:
        return True
    return membership.invited_email in verified_emails(user)


def access_classroom(user: User, classroom_id: int) -> Classroom:
    """Return the classroom to its tutor. Raises `not_found` (also if archived) or `forbidden`."""
    classroom = Classroom.objects.filter(pk=min(classroom_id, MAX_ID), archived_at=None).first()
    if classroom is None:
        raise not_found()
    if not may_manage_classroom(user, classroom):
        raise _not_your_classroom(user)
    return classroom


def access_classroom_or_archived(user: User, classroom_id: int) -> Classroom:
    """Return the classroom, even if archived, to its tutor. Raises `not_found` or `forbidden`."""
    classroom = Classroom.objects.filter(pk=min(classroom_id, MAX_ID)).first()
    if classroom is None:
        raise not_found()
    if not may_manage_classroom(user, classroom):
        raise _not_your_classroom(user)
    return classroom


def _not_your_classroom(user: User) -> DomainError:
    require_tutor(user)
    return forbidden(_("This classroom belongs to another tutor."))


def _get_membership(membership_id: int) -> Membership:
    membership = (
        Membership.objects.select_related("classroom", "student")
        .filter(pk=min(membership_id, MAX_ID))
        .first()
    )
    if membership is None:
        raise not_found()
    return membership


def access_membership(user: User, membership_id: int) -> Membership:
    """Return the membership to its classroom's tutor. Raises `not_found` or `forbidden`."""
    membership = _get_membership(membership_id)
    if not may_manage_classroom(user, membership.classroom):
        raise _not_your_classroom(user)
    return membership


def access_invitation(user: User, membership_id: int, token: str = "") -> Membership:
    """Return the membership to the invited student. Raises `not_found`, `forbidden` and the errors
    of `read_invitation`."""
    membership = _get_membership(membership_id)
    require_student(user)
    if not may_accept_invitation(user, membership, token):
        raise forbidden(_("This invitation is for somebody else."))
    return membership


def access_invitation_to_decline(user: User, membership_id: int, token: str = "") -> Membership:
    """As `access_invitation`, for who may decline."""
    membership = _get_membership(membership_id)
    if not may_decline_invitation(user, membership, token):
        raise forbidden(_("This invitation is for somebody else."))
    return membership


def access_own_membership(user: User, membership_id: int) -> Membership:
    """Return the membership to its student. Raises `not_found` or `forbidden`."""
    membership = _get_membership(membership_id)
    require_student(user)
    if membership.student_id != user.pk:
        raise forbidden(_("This is somebody else’s place in a classroom."))
    return membership
