"""A weekly series over the clock change of 2030, and how tests change its lessons."""

from datetime import UTC, datetime, timedelta

from apps.lessons.models import Lesson, LessonSeries, Participant
from tests.builders import HOUR

URL = "/api/lesson-series/"
WEEK = timedelta(days=7)
KYIV_FIRST = "2030-10-14T17:00"  # a Monday; clocks change on 27 October
FIRST = datetime(2030, 10, 14, 14, tzinfo=UTC)
AUTUMN = [FIRST, FIRST + WEEK, FIRST + 2 * WEEK + HOUR, FIRST + 3 * WEEK + HOUR]


def lessons(*many):
    return list(Lesson.objects.filter(series__in=many).order_by("original_starts_at"))


def starts(*many):
    return [lesson.starts_at for lesson in lessons(*many)]


def originals(*many):
    return [lesson.original_starts_at for lesson in lessons(*many)]


def patch(client, lesson, **sent):
    sent = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in sent.items()}
    return client.patch(f"/api/lessons/{lesson.pk}/", sent)


def move(client, lesson, shift, scope="following", **more):
    times = {"starts_at": lesson.starts_at + shift, "ends_at": lesson.ends_at + shift}
    return patch(client, lesson, scope=scope, **times, **more)


def undo(client, answer):
    return client.post(f"/api/lesson-changes/{answer['Change-Id']}/undo/")


def state():
    fields = [f.attname for f in Lesson._meta.fields if f.attname not in ("sequence", "updated_at")]
    people = Participant.objects.order_by("lesson", "student").values("lesson", "student", "status")
    kept = [f.attname for f in LessonSeries._meta.fields]
    return [
        list(Lesson.objects.order_by("pk").values(*fields)),
        list(people),
        list(LessonSeries.objects.order_by("pk").values(*kept)),
    ]
