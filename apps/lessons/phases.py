"""The displayed phase of a lesson, derived from its stored status and the current time.

The API's `status` stays as stored; a scheduled lesson whose time is over was not held, since
`complete_past_lessons` completes those that their tutor taught in the room.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from apps.classroom.queries import tutor_presence
from apps.lessons.models import Lesson

SOON = timedelta(minutes=15)
"""How long before its start a lesson is about to start, and its room opens to guests."""


class Phase(TextChoices):
    REQUESTED = "requested", _("waits for confirmation")
    SCHEDULED = "scheduled", _("scheduled")
    SOON = "soon", _("starts soon")
    RUNNING = "running", _("in progress")
    COMPLETED = "completed", _("completed")
    NOT_HELD = "not_held", _("not held")
    CANCELLED = "cancelled", _("cancelled")


PAST = frozenset({Phase.COMPLETED, Phase.NOT_HELD, Phase.CANCELLED})


def find_phase(lesson: Lesson, now: datetime, tutor_is_in: bool | None = None) -> Phase:
    """`tutor_is_in`: True while the tutor is in the room, which keeps a lesson running past its
    end; False after they have left, until the worker completes it; None if they never taught (see
    apps/classroom/held.py)."""
    if lesson.is_requested and now >= lesson.starts_at:
        return Phase.CANCELLED  # it has lapsed, which a job stores soon
    if lesson.status != Lesson.Status.SCHEDULED:
        return Phase(lesson.status)
    if now >= lesson.ends_at:
        if tutor_is_in is None:
            return Phase.NOT_HELD
        return Phase.RUNNING if tutor_is_in else Phase.COMPLETED
    if now >= lesson.starts_at:
        return Phase.RUNNING
    return Phase.SOON if now >= lesson.starts_at - SOON else Phase.SCHEDULED


def find_phases(lessons: Iterable[Lesson], now: datetime) -> dict[int, Phase]:
    """The phases of several lessons by id; one query, and none if no scheduled one is over."""
    lessons = list(lessons)
    over = [one.pk for one in lessons if find_phase(one, now) is Phase.NOT_HELD]
    presence = tutor_presence(over, now) if over else {}
    return {one.pk: find_phase(one, now, presence.get(one.pk)) for one in lessons}
