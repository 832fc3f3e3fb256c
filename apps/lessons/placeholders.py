"""A student with an account becomes a placeholder (see apps/accounts/placeholders.py)."""

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.placeholders import read_student_link
from apps.accounts.tutor_blocks import unblock_tutor
from apps.classrooms.students import move_card, move_memberships
from apps.common.errors import DomainError
from apps.common.security_log import log_security_event
from apps.lessons.models import Lesson, Participant, SeriesStudent


@transaction.atomic
def accept_student_link(*, token: str, student: User) -> int:
    """Give the placeholder's lessons, memberships, card and what the setting STUDENT_MOVES names
    (higher layers have no other way) to the student's account, and delete the placeholder.
    Idempotent for the account that signed up by the link.

    Returns the number of lessons that overlap others of the student; both stay. Raises
    `invite_invalid` or `invite_expired`.
    """
    placeholder = read_student_link(token)
    if placeholder.pk == student.pk:
        return 0
    _lock(placeholder, student)
    placeholder = read_student_link(token)
    if not placeholder.is_placeholder:
        raise DomainError("invite_invalid", 400, _("This invite link is not valid."))
    overlapping = _move_lessons(placeholder, student)
    _move_series(placeholder, student)
    move_memberships(placeholder=placeholder, student=student)
    move_card(placeholder=placeholder, student=student)
    for name in settings.STUDENT_MOVES:
        import_string(name)(placeholder=placeholder, student=student)
    if placeholder.placeholder_of_id is not None:
        unblock_tutor(student=student, tutor_id=placeholder.placeholder_of_id)
    log_security_event("placeholder_merged", user_id=student.pk, placeholder=placeholder.pk)
    placeholder.delete()
    return overlapping


def _lock(placeholder: User, student: User) -> None:
    """Lock the three people by id, as scheduling does. The link is read again afterwards, since it
    may have been used or revoked meanwhile."""
    ids = (placeholder.placeholder_of_id or 0, placeholder.pk, student.pk)
    people = User.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    list(people.values_list("pk"))


def _move_lessons(placeholder: User, student: User) -> int:
    """Lessons that overlap one of the student's are kept as double-booked, since neither of the
    two can be dropped without asking."""
    own = (
        Lesson.objects.not_cancelled()
        .filter(participants__in=Participant.objects.attending().filter(student=student))
        .filter(starts_at__lt=OuterRef("ends_at"), ends_at__gt=OuterRef("starts_at"))
        .exclude(pk=OuterRef("pk"))
    )
    lessons = Lesson.objects.booked_for(placeholder).not_cancelled().filter(Exists(own))
    overlapping = list(lessons.order_by().values_list("pk", flat=True))
    Lesson.objects.filter(pk__in=overlapping).update(allow_overlap=True)
    _move_participations(placeholder, student)
    return len(overlapping)


def _move_participations(placeholder: User, student: User) -> None:
    """In a lesson that both attend, the student's own participation stays."""
    Lesson.objects.filter(student=placeholder).update(student=student)  # a trigger does the same
    participations = Participant.objects.filter(student=placeholder)
    participations.filter(lesson__participants__student=student).delete()
    participations.update(student=student)


def _move_series(placeholder: User, student: User) -> None:
    memberships = SeriesStudent.objects.filter(student=placeholder)
    memberships.filter(series__members__student=student).delete()
    memberships.update(student=student)
