"""The lessons before a lesson in its series, also where the series was split since."""

from apps.lessons.models import Lesson, LessonSeries

MAX_PARTS = 50  # of a series that was split again and again
MAX_SOURCES = 10


def list_previous(lesson: Lesson, limit: int) -> list[Lesson]:
    """Earlier lessons of the series that were not cancelled, the latest first."""
    if lesson.series_id is None:
        return []
    earlier = Lesson.objects.not_cancelled().filter(series__in=_parts(lesson.series_id))
    earlier = earlier.filter(starts_at__lt=lesson.starts_at).exclude(pk=lesson.pk)
    return list(earlier.order_by("-starts_at", "-id")[:limit])


def find_previous(lesson: Lesson) -> Lesson | None:
    """The lesson before, whose board is one click away in the room."""
    return next(iter(list_previous(lesson, 1)), None)


def list_board_sources(lesson: Lesson) -> list[int]:
    """Lessons of which the latest with a board lends it; none unless the boards are carried on."""
    series = lesson.series
    if series is None or series.board_mode != LessonSeries.BoardMode.CARRIED:
        return []
    return [each.pk for each in list_previous(lesson, MAX_SOURCES)]


def _parts(series_id: int) -> list[int]:
    parts: list[int] = []
    current: int | None = series_id
    while current is not None and current not in parts and len(parts) < MAX_PARTS:
        parts.append(current)
        earlier = LessonSeries.objects.filter(pk=current).values_list("earlier", flat=True)
        current = earlier.first()
    return parts
