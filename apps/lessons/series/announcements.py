"""Mail two weeks before a clock change after which lessons of a series are at another local time.

Each person gets one mail a clock change, with all of their series: its key keeps a second worker,
and the next day's run, from sending it again.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.common.mail import Kind, send
from apps.lessons.models import Lesson, LessonSeries, Participant
from apps.lessons.series.zone_differences import LocalTimeChange, find_local_time_changes

NOTICE = timedelta(days=14)
_AHEAD = NOTICE + timedelta(days=31)  # far enough for the first lesson after the clock change
Announcement = tuple[LessonSeries, LocalTimeChange]


def announce_local_times(now: datetime) -> int:
    """Return the number of mails."""
    if not settings.EMAIL_URL:
        return 0
    mails: defaultdict[tuple[User, date], list[Announcement]] = defaultdict(list)
    for series, starts, students in _load_series(now):
        zone = series.recurrence.zone
        for change in find_local_time_changes([now, *starts], zone, students):
            if change.clock_change <= (now + NOTICE).date():
                mails[change.student, change.clock_change].append((series, change))
                mails[series.tutor, change.clock_change].append((series, change))
    return sum(_send(reader, day, found) for (reader, day), found in mails.items())


def _load_series(now: datetime) -> Iterable[tuple[LessonSeries, list[datetime], list[User]]]:
    """Series with their next starts by the rule, and the students who attend those lessons."""
    lessons: QuerySet[Lesson] = Lesson.objects.filter(
        series__isnull=False,
        status=Lesson.Status.SCHEDULED,
        original_starts_at__gt=now,
        original_starts_at__lt=now + _AHEAD,
    ).order_by("series_id", "original_starts_at")
    starts: defaultdict[int, list[datetime]] = defaultdict(list)
    for series_id, start in lessons.values_list("series_id", "original_starts_at"):
        if start is not None:
            starts[series_id].append(start)
    booked = Participant.objects.attending().filter(lesson__in=lessons.order_by())
    pairs = booked.order_by().values_list("lesson__series_id", "student_id").distinct()
    students: defaultdict[int, list[int]] = defaultdict(list)
    for series_id, student_id in pairs:
        students[series_id].append(student_id)
    people = User.objects.in_bulk({pk for ids in students.values() for pk in ids})
    for series in LessonSeries.objects.filter(pk__in=starts).select_related("tutor").order_by("pk"):
        attending = [people[pk] for pk in sorted(students[series.pk])]
        yield series, starts[series.pk], attending


def _send(reader: User, day: date, found: list[Announcement]) -> bool:
    with translation.override(reader.locale):
        subject = _("After the clock change on %(date)s, lessons are at another local time") % {
            "date": date_format(day, "j E")
        }
        lines = [subject, ""]
        for series, change in found:
            title = series.title or series.tutor.get_full_name()
            is_student = change.student.pk == reader.pk
            lines += [title, change.describe(to_student=is_student), ""]
        lines.append(f"{settings.PUBLIC_URL}/calendar/")
        return send(
            to=reader.email,
            subject=subject,
            text="\n".join(lines),
            kind=Kind.TIME_ZONE,
            dedupe_key=f"local-time:{reader.pk}:{day.isoformat()}",
        )
