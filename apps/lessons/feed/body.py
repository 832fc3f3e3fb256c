"""The content of a feed, which is kept in the cache until it changes."""

import base64
import zlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.core.cache import cache
from django.db.models import Max
from django.utils import translation
from django.utils.translation import gettext as _
from icalendar import Event

from apps.accounts.models import User
from apps.lessons.calendar_ids import installation_id
from apps.lessons.feed.selection import FeedState, select_lessons, site_name
from apps.lessons.ical import build_calendar
from apps.lessons.ical_series import Occurrence, build_occurrence, build_series_events
from apps.lessons.models import Lesson, LessonSeries

_KEPT_SECONDS = 86_400  # the version changes at midnight anyway


def load_body(reader: User, state: FeedState, now: datetime) -> bytes:
    """Compressed in the cache, where a feed of 1,000 lessons would take half a megabyte, and as
    text, because the cache stores JSON."""
    key = f"feed:{reader.pk}:{state.version}"
    packed = cache.get(key)
    if isinstance(packed, str):
        return zlib.decompress(base64.b85decode(packed))
    body = build_body(reader, now)
    cache.set(key, base64.b85encode(zlib.compress(body, 6)).decode(), _KEPT_SECONDS)
    return body


def build_body(reader: User, now: datetime) -> bytes:
    with translation.override(reader.locale):
        name = _("Lessons: %(site)s") % {"site": site_name()}
        return build_calendar(_events(reader, now), name=name, refresh="PT1H")


def _events(reader: User, now: datetime) -> list[Event]:
    installation = installation_id()
    lessons = select_lessons(reader, now).with_people().select_related("tutor", "series")
    singles: list[Event] = []
    series: defaultdict[LessonSeries, list[Occurrence]] = defaultdict(list)
    for lesson in lessons.in_order():
        one = Occurrence(lesson, lesson.attending_students, _has_cancelled(lesson, reader))
        if lesson.series is not None:
            series[lesson.series].append(one)
        else:
            singles.append(build_occurrence(one, reader, installation))
    changes = _last_changes(series)
    for each, occurrences in series.items():
        singles += build_series_events(
            each,
            occurrences,
            reader=reader,
            installation=installation,
            changed_at=changes[each.pk],
        )
    return singles


def _last_changes(series: Iterable[LessonSeries]) -> dict[int, datetime]:
    lessons = Lesson.objects.filter(series__in=list(series)).order_by()
    return dict(lessons.values_list("series").annotate(Max("updated_at")))


def _has_cancelled(lesson: Lesson, reader: User) -> bool:
    return any(
        one.student_id == reader.pk and one.is_cancelled for one in lesson.participants.all()
    )
