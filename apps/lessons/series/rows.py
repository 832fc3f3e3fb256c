"""Writes many lessons at once, also where one takes the time or the occurrence of another."""

from collections.abc import Collection, Sequence

from django.db.models import OuterRef, Subquery

from apps.lessons.models import Lesson, Participant


def write_lessons(lessons: Sequence[Lesson], fields: Sequence[str]) -> None:
    """Store `fields` of lessons, which must include `allow_overlap`, `series_id` and
    `original_starts_at`.

    A database checks unique and overlap constraints row by row, and a series that moves by a week
    puts each lesson where the next one still is. So the constraints are lifted from these rows
    first, and apply again with the last statement.
    """
    if not lessons:
        return
    rows = Lesson.objects.filter(pk__in=[lesson.pk for lesson in lessons])
    rows.update(series=None, original_starts_at=None, allow_overlap=True)
    names = [name.removesuffix("_id") for name in fields if name != "allow_overlap"]
    Lesson.objects.bulk_update(lessons, names)
    checked = [lesson.pk for lesson in lessons if not lesson.allow_overlap]
    Lesson.objects.filter(pk__in=checked).update(allow_overlap=False)


def replace_first_student(lesson_ids: Collection[int], student_id: int) -> None:
    """Before a participant is removed, let `Lesson.student`, which refers to one, be another who
    attends. A trigger deletes the participant whom it was."""
    attending = Participant.objects.attending().exclude(student=student_id)
    others = attending.filter(lesson=OuterRef("pk")).order_by("student_id")
    Lesson.objects.filter(pk__in=lesson_ids, student=student_id).update(
        student=Subquery(others.values("student_id")[:1])
    )
