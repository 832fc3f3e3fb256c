"""Responses that several pages of a lesson give."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from apps.classroom.errors import lesson_cancelled
from apps.lessons.models import Lesson
from apps.web.lessons.forms import LessonForm


def render_lesson_form(
    request: HttpRequest, form: LessonForm, context: dict[str, Any]
) -> HttpResponse:
    status = 409 if form.has_conflict or form.is_stale else 400 if form.errors else 200
    return render(request, "lessons/form.html", {"form": form, **context}, status=status)


def redirect_unchangeable(request: HttpRequest, lesson: Lesson) -> HttpResponse:
    """For a page that was opened before the lesson ended or was cancelled."""
    reason = lesson_cancelled().detail if lesson.is_cancelled else _("This lesson is over.")
    messages.error(request, reason)
    return redirect("web:lesson", lesson.pk)
