"""Reads of series, as JSON."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count

from apps.accounts.models import User
from apps.common.pagination import Page
from apps.lessons.models import Lesson, LessonSeries, SeriesStudent
from apps.lessons.queries import list_lessons_by_id
from apps.lessons.series.planning import Occurrence
from apps.lessons.series.zone_differences import LocalTimeChange

Row = dict[str, Any]


def list_series(user: User, page: Page) -> tuple[int, list[Row]]:
    """The user's series, the newest first."""
    found = LessonSeries.objects.of(user)
    chosen = list(found.order_by("-id")[page.offset : page.stop])
    count = len(chosen) + page.offset
    if not chosen or len(chosen) == page.limit:
        count = found.count()
    return count, series_rows(chosen)


def series_json(series: LessonSeries) -> Row:
    return series_rows([series])[0]


def series_rows(many: Sequence[LessonSeries]) -> list[Row]:
    """Two queries for any number of series."""
    ids = [series.pk for series in many]
    counted = Lesson.objects.filter(series__in=ids).order_by().values_list("series")
    counts = dict(counted.annotate(Count("pk")))
    students: dict[int, list[Row]] = {pk: [] for pk in ids}
    members = SeriesStudent.objects.filter(series__in=ids).order_by("student__sort_key", "student")
    names = ("student__first_name", "student__last_name")
    for series_id, pk, first, last in members.values_list("series", "student", *names):
        students[series_id].append({"id": pk, "first_name": first, "last_name": last})
    return [_row(series, students[series.pk], counts.get(series.pk, 0)) for series in many]


def _row(series: LessonSeries, students: list[Row], lessons_count: int) -> Row:
    return {
        "id": series.pk,
        "title": series.title,
        "rrule": series.rrule,
        "timezone": series.timezone,
        "starts_at": format_local(series.starts_at),
        "duration_minutes": series.duration_minutes,
        "students": students,
        "skip_dates": series.skip_dates,
        "ends_on": series.ends_on,
        "lessons_count": lessons_count,
        "classroom_id": series.classroom_id,
        "board_mode": series.board_mode,
        "skipped": [
            {**each, "starts_at": datetime.fromisoformat(each["starts_at"]).astimezone(UTC)}
            for each in series.skipped
        ],
    }


def format_local(local: datetime) -> str:
    """Wall-clock time, with seconds only if there are any."""
    return f"{local:%Y-%m-%dT%H:%M:%S}" if local.second else f"{local:%Y-%m-%dT%H:%M}"


def list_series_lessons(user: User, series: LessonSeries, page: Page) -> tuple[int, list[Row]]:
    """The user's lessons of the series, cancelled ones too, by start."""
    lessons = Lesson.objects.of(user).filter(series=series)
    ids = list(lessons.in_order().values_list("pk", flat=True)[page.offset : page.stop])
    return lessons.count(), list_lessons_by_id(ids)


def occurrence_rows(occurrences: Sequence[Occurrence]) -> list[Row]:
    return [
        {
            "starts_at": one.starts_at,
            "ends_at": one.ends_at,
            "conflict": one.detail,
            "original_starts_at": one.original_starts_at,
        }
        for one in occurrences
    ]


def zone_change_row(change: LocalTimeChange) -> Row:
    return {
        "student_id": change.student.pk,
        "from_date": change.from_date,
        "local_time_before": f"{change.before:%H:%M}",
        "local_time_after": f"{change.after:%H:%M}",
        "timezone": change.student.timezone,
        "detail": change.describe(to_student=False),
    }
