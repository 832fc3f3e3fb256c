"""The hours in which a student can have lessons."""

from datetime import time

from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.booking.models import StudentHours
from apps.booking.slots import StudentDay
from apps.common.errors import invalid


def load_hours(student: User) -> StudentHours:
    """The stored ones, or the default, which is not stored."""
    return StudentHours.objects.filter(student=student).first() or StudentHours(student=student)


def load_day(student: User) -> StudentDay:
    hours = load_hours(student)
    school = None
    if hours.school_from is not None and hours.school_to is not None:
        school = hours.school_from, hours.school_to
    is_set = not hours._state.adding
    return StudentDay(student.zone, hours.day_from, hours.day_to, school, is_set)


def save_hours(
    *,
    student: User,
    day_from: time,
    day_to: time,
    school_from: time | None = None,
    school_to: time | None = None,
) -> None:
    """Raises `validation_error` for hours that end before they begin."""
    if day_from >= day_to:
        raise invalid(day_to=_("Must be after “not before”."))
    if (school_from is None) != (school_to is None):
        raise invalid(school_to=_("Enter both hours of school, or neither."))
    if school_from is not None and school_to is not None and school_from >= school_to:
        raise invalid(school_to=_("School must end after it begins."))
    StudentHours.objects.update_or_create(
        student=student,
        defaults={
            "day_from": day_from,
            "day_to": day_to,
            "school_from": school_from,
            "school_to": school_to,
        },
    )
