"""Who may see and change classrooms and memberships."""

from apps.accounts.models import User
from apps.classrooms.models import Classroom, Membership
from apps.common.errors import forbidden, not_found
from apps.common.parsing import MAX_ID


def may_manage_classroom(user: User, classroom: Classroom) -> bool:
    return user.is_tutor and classroom.tutor_id == user.pk


def may_accept(user: User, membership: Membership) -> bool:
    if not user.is_student:
        return False
    if membership.student_id is None:
        return membership.invited_email == user.email
    return membership.student_id == user.pk


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


def access_invitation(user: User, membership_id: int) -> Membership:
    """The membership, for the student whom it invites."""
    membership = _membership(membership_id)
    if not may_accept(user, membership):
        raise forbidden()
    return membership
