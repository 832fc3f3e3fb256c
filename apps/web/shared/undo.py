"""The “Undo” button of a message (see web/base.html)."""

from django.urls import reverse

from apps.lessons.models import LessonChange


def undo_tag(change: LessonChange | None) -> str:
    """The tag of a message by which it offers to undo the change."""
    return f"undo {reverse('web:lesson-undo', args=[change.pk])}" if change is not None else ""
