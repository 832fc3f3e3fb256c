"""Lessons as calendar messages (iTIP, RFC 5546), for mail to one student.

The student is the only attendee named, so that the students of a lesson do not learn each other's
addresses. The organizer has the tutor's name and the address of the installation: mail does not
tell the tutor's address either. Nobody is asked to reply (ADR 23).
"""

from collections.abc import Iterable
from datetime import datetime
from email.utils import parseaddr

from django.conf import settings
from icalendar import Event, vCalAddress

from apps.accounts.models import User
from apps.common.mail import CalendarPart
from apps.lessons.ical import build_calendar, build_event
from apps.lessons.models import Lesson


def build_request(
    lesson: Lesson, student: User, *, installation: str, now: datetime
) -> CalendarPart:
    """The lesson was scheduled, or its time has changed."""
    return build_part("REQUEST", [_build_event(lesson, student, installation, now)])


def build_cancel(
    lesson: Lesson, student: User, *, installation: str, now: datetime
) -> CalendarPart:
    """The lesson was cancelled, or goes on without the student; only the first has a STATUS
    (RFC 5546 §3.2.5)."""
    event = _build_event(lesson, student, installation, now)
    if not lesson.is_cancelled:
        del event["STATUS"]
    return build_part("CANCEL", [event])


def build_part(method: str, events: Iterable[Event]) -> CalendarPart:
    return CalendarPart(method, build_calendar(events, method=method).decode())


def _build_event(lesson: Lesson, student: User, installation: str, now: datetime) -> Event:
    event = build_event(lesson, reader=student, students=[student], installation=installation)
    address_event(event, tutor=lesson.tutor, student=student, now=now)
    return event


def address_event(event: Event, *, tutor: User, student: User, now: datetime) -> None:
    """Make an event of the feed one of a message; DTSTAMP is when that is written."""
    event.DTSTAMP = now
    organizer = vCalAddress(f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}")
    organizer.params["CN"] = tutor.get_full_name()
    event.add("ORGANIZER", organizer)
    attendee = vCalAddress(f"mailto:{student.email}")
    attendee.params.update(
        CN=student.get_full_name(), ROLE="REQ-PARTICIPANT", PARTSTAT="ACCEPTED", RSVP="FALSE"
    )
    event.add("ATTENDEE", attendee)
