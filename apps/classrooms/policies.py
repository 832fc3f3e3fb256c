"""Who may see and change classrooms and memberships."""

from apps.accounts.addresses import verified_emails
from apps.accounts.models import User
from apps.classrooms.invitations import read_invitation
from apps.classrooms.models import Classroom, Membership
from apps.common.errors import forbidden, not_found
from apps.common.parsing import MAX_ID


def may_manage_classroom(user: User, classroom: Classroom) -> bool:
    return user.is_tutor and classroom.tutor_id == user.pk


def may_accept(user: User, membership: Membership, token: str = "") -> bool:
    """Of an address: whoever has confirmed that it is theirs, or holds the invitation's link."""
    if not user.is_student:
        return False
    if membership.student_id is not None:
        return membership.student_id == user.pk
    if token and read_invitation(token).pk == membership.pk:
        return True
    return membership.invited_email in verified_emails(user)


def access_classroom(user: User, classroom_id: int) -> Classroom:
    """The classroom, for its tutor. Archived ones are not there any more."""
    classroom = Classroom.objects.filter(pk=min(classroom_id, MAX_ID), archived_at=None).first()
    if classroom is None:
        raise not_found()
    if not may_manage_classroom(user, classroom):
        raise forbidden()
    return classroom


def access_archived_classroom(user: User, classroom_id: int) -> Classroom:
    """The archived classroom, for its tutor, who may want it back."""
    classroom = (
        Classroom.objects.filter(pk=min(classroom_id, MAX_ID)).exclude(archived_at=None).first()
    )
    if classroom is None:
        raise not_found()
    if not may_manage_classroom(user, classroom):
        raise forbidden()
    return classroom


def _membership(membership_id: int) -> Membership:
    membership = (
        Membership.objects.select_related("classroom", "student")
        .filter(pk=min(membership_id, MAX_ID))
        .first()
    )
    if membership is None:
        raise not_found()
    return membership


def access_membership(user: User, membership_id: int) -> Membership:
    """The membership, for the tutor of its classroom."""
    membership = _membership(membership_id)
    if not may_manage_classroom(user, membership.classroom):
        raise forbidden()
    return membership


def access_invitation(user: User, membership_id: int, token: str = "") -> Membership:
    """The membership, for the student whom it invites. Raises what `read_invitation` does."""
    membership = _membership(membership_id)
    if not may_accept(user, membership, token):
        raise forbidden()
    return membership


def access_own_membership(user: User, membership_id: int) -> Membership:
    """The membership, for its student."""
    membership = _membership(membership_id)
    if not user.is_student or membership.student_id != user.pk:
        raise forbidden()
    return membership
