"""The lessons of a feed, and a digest of all that its content depends on.

Days begin at midnight UTC, so that the digest stays the same through a day without changes.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Case, Count, Max, Q, Sum, When
from django.db.models.functions import Coalesce

from apps.accounts.models import User
from apps.classrooms.models import Membership
from apps.common.etags import compute_version
from apps.lessons.models import Lesson, Participant
from apps.lessons.models.lesson import LessonQuerySet

PAST = timedelta(days=92)
CANCELLED_FOR = timedelta(days=60)
FORMAT = 1  # raise it when the content of feeds changes otherwise than by their lessons


@dataclass(frozen=True, slots=True)
class FeedState:
    """`version` changes with the content; `modified_at` is when it did at the latest."""

    version: str
    modified_at: datetime


def select_lessons(reader: User, now: datetime) -> LessonQuerySet:
    """For a student, a lesson is cancelled also if only the own participation is."""
    lessons = Lesson.objects.of(reader).filter(starts_at__gt=_midnight(now) - PAST)
    is_cancelled = Q(status=Lesson.Status.CANCELLED)
    if reader.is_student:  # `of` has joined the student's own participation
        is_cancelled |= Q(participants__status__in=Participant.CANCELLED)
    lessons = lessons.annotate(
        is_off=Case(When(is_cancelled, then=True), default=False),
        cancelled_since=Coalesce("cancelled_at", "updated_at"),
    )
    recently = Q(cancelled_since__gt=_midnight(now) - CANCELLED_FOR)
    return lessons.filter(Q(is_off=False) | recently)


def load_state(reader: User, now: datetime) -> FeedState:
    """Two queries, of which one reads no more of each lesson than its place in the sums."""
    lessons = select_lessons(reader, now)
    sums = lessons.aggregate(
        Count("id"), Sum("id"), Sum("sequence"), Max("updated_at"), Max("series__updated_at")
    )
    owner = (reader.pk, reader.get_full_name(), reader.locale, reader.timezone, reader.role)
    site = (settings.PUBLIC_URL, site_name())
    people = _list_names(reader, lessons)
    version = compute_version(FORMAT, site, _midnight(now), owner, people, *sums.values())
    changes = (sums["updated_at__max"], sums["series__updated_at__max"])
    return FeedState(version, max([_midnight(now), *(at for at in changes if at is not None)]))


def _list_names(reader: User, lessons: LessonQuerySet) -> list[tuple[str, str]]:
    """Of the people with whom the reader meets. For a tutor it is those in the classrooms: a new
    name of somebody who has left them is in the feed from the next day on."""
    if reader.is_tutor:
        members = Membership.objects.taught_by(reader).exclude(student=None)
        students = members.values_list("student__first_name", "student__last_name")
        return sorted(students.order_by().distinct())
    tutors = lessons.values_list("tutor__first_name", "tutor__last_name")
    return sorted(tutors.order_by().distinct())


def site_name() -> str:
    return settings.SCHOOL_NAME or "Kreida"


def _midnight(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
