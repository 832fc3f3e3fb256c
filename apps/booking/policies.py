"""Permissions on the booking of a tutor's time."""

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.booking.models import AvailabilityWindow
from apps.classrooms.models import Membership
from apps.common.errors import forbidden, not_found
from apps.common.parsing import MAX_ID
from apps.lessons.booking import is_taught_by

MAX_TUTORS = 20


def may_view_slots(user: User, tutor: User) -> bool:
    return user.pk == tutor.pk or may_book(user, tutor)


def may_book(user: User, tutor: User) -> bool:
    """An active student of the tutor."""
    return user.is_student and is_taught_by(tutor.pk, user.pk)


def is_bookable(tutor_id: int) -> bool:
    """Whether the tutor has an availability."""
    windows = AvailabilityWindow.objects.filter(availability=tutor_id, starts_minute__gte=0)
    return windows.exists()


def list_bookable_tutors(student: User) -> list[User]:
    classrooms = Membership.objects.active().filter(student=student).values("classroom")
    windows = AvailabilityWindow.objects.filter(availability=OuterRef("pk"), starts_minute__gte=0)
    tutors = User.objects.filter(Exists(windows), classrooms__in=classrooms)
    return list(tutors.distinct()[:MAX_TUTORS])


def access_tutor(user: User, tutor_id: int) -> User:
    """The tutor, for those who may see the slots. Raises `not_found` or `forbidden`."""
    tutor = User.objects.filter(pk=min(tutor_id, MAX_ID), role=User.Role.TUTOR).first()
    if tutor is None:
        raise not_found()
    if not may_view_slots(user, tutor):
        raise forbidden(_("You are not a student of this tutor."))
    return tutor
