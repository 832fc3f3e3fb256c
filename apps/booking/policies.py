"""Permissions on the booking of a tutor's time."""

from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.classrooms.models import Membership
from apps.common.errors import forbidden, not_found
from apps.common.parsing import MAX_ID


def may_view_slots(user: User, tutor: User) -> bool:
    return user.pk == tutor.pk or may_book(user, tutor)


def may_book(user: User, tutor: User) -> bool:
    """An active student of the tutor."""
    if not user.is_student:
        return False
    return Membership.objects.active().taught_by(tutor).filter(student=user).exists()


def access_tutor(user: User, tutor_id: int) -> User:
    """The tutor, for those who may see the slots. Raises `not_found` or `forbidden`."""
    tutor = User.objects.filter(pk=min(tutor_id, MAX_ID), role=User.Role.TUTOR).first()
    if tutor is None:
        raise not_found()
    if not may_view_slots(user, tutor):
        raise forbidden(_("You are not a student of this tutor."))
    return tutor
