"""A student as their tutor sees them: contacts, classrooms, and the next and last lesson."""

from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from apps.accounts.models import User
from apps.classrooms.models import Classroom, Membership
from apps.classrooms.models.student_card import CONTACT_FIELDS
from apps.classrooms.students import email_for, get_card
from apps.common.errors import not_found
from apps.common.parsing import MAX_ID
from apps.lessons.models import Lesson, LessonSeries, Participant
from apps.lessons.models.lesson import LessonQuerySet
from apps.lessons.queries import Row, lesson_json


def has_taught(tutor: User, student_id: int) -> bool:
    """Whether the tutor has or had this student: in a classroom, whatever became of it, or in a
    lesson. An invitation that was never accepted does not count."""
    memberships = Membership.objects.taught_by(tutor).filter(student=student_id)
    return (
        memberships.exclude(joined_at=None).exists()
        or Participant.objects.filter(lesson__tutor=tutor, student=student_id).exists()
    )


def access_student_card(tutor: User, student_id: int) -> User:
    """Raises `not_found`, which does not disclose whether the person exists."""
    student = User.objects.filter(pk=min(student_id, MAX_ID)).first()
    if student is None or not has_taught(tutor, student.pk):
        raise not_found()
    return student


def shared_classrooms(tutor: User, student: User) -> list[Classroom]:
    """The tutor's classrooms in which the student is active, by name."""
    active = Membership.objects.active().filter(student=student)
    return list(Classroom.objects.of(tutor).filter(memberships__in=active))


def lessons_with(tutor: User, student: User) -> LessonQuerySet:
    return Lesson.objects.filter(tutor=tutor).attended_by(student)


def current_series_with(tutor: User, student: User, now: datetime) -> QuerySet[LessonSeries]:
    """The series that still have lessons to come, the newest first."""
    to_come = Lesson.objects.filter(series=OuterRef("pk")).upcoming(now)
    series = LessonSeries.objects.filter(tutor=tutor, members__student=student)
    return series.filter(Exists(to_come)).order_by("-id")


def student_json(tutor: User, student: User, now: datetime) -> Row:
    card = get_card(tutor, student)
    lessons = Lesson.objects.filter(tutor=tutor).booked_for(student)
    upcoming = lessons.upcoming(now).in_order().first()
    last = lessons.past(now).order_by("-starts_at", "-id").first()
    return {
        "id": student.pk,
        "first_name": student.first_name,
        "last_name": student.last_name,
        "email": email_for(tutor, student),
        **{name: getattr(card, name) for name in CONTACT_FIELDS},
        "placeholder": student.is_placeholder,
        "classrooms": [{"id": c.pk, "name": c.name} for c in shared_classrooms(tutor, student)],
        "next_lesson": lesson_json(upcoming.pk) if upcoming else None,
        "last_lesson": lesson_json(last.pk) if last else None,
    }
