"""The lessons of a feed, and a digest of all that its content depends on.

Days begin at midnight UTC, so that the digest stays the same through a day without changes.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Case, Count, Max, Q, Sum, When
from django.db.models.functions import Coalesce

from apps.accounts.models import User
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
    """One query, which reads no more of each lesson than its place in the sums."""
    other = "participants__student" if reader.is_tutor else "tutor"
    people = (f"{other}_id", f"{other}__first_name", f"{other}__last_name")
    rows = list(
        select_lessons(reader, now)
        .order_by(people[0])
        .values_list(*people)
        .annotate(Count("id"), Sum("id"), Sum("sequence"), Max("series__updated_at"))
        .annotate(latest=Max("updated_at"))
    )
    owner = (reader.pk, reader.get_full_name(), reader.locale, reader.timezone, reader.role)
    latest = [_midnight(now), *(when for row in rows for when in row[-2:] if when is not None)]
    site = (settings.PUBLIC_URL, site_name())
    version = compute_version(FORMAT, site, _midnight(now), owner, rows)
    return FeedState(version, max(latest))


def site_name() -> str:
    return settings.SCHOOL_NAME or "Kreida"


def _midnight(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
