"""The tutor's answer to a lesson that a student asks for."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.booking.moves import find_move
from apps.booking.requests import confirm_lesson, decline_lesson
from apps.common.errors import DomainError
from apps.lessons.models import Lesson
from apps.lessons.policies import Action, access_lesson
from apps.web.shared.access import current_tutor


@login_required
@require_POST
def answer(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """A request for another time leads to the lesson that is moved."""
    lesson = access_lesson(current_tutor(request), lesson_id, to=Action.EDIT)
    move = find_move(lesson)
    change: Any = {"confirm": _confirm, "decline": _decline}.get(request.POST.get("answer", ""))
    if change is not None:
        try:
            messages.success(request, change(lesson))
        except DomainError as exc:
            messages.error(request, exc.detail)
    if request.POST.get("next") == "today":
        return redirect("web:today")
    return redirect("web:lesson", lesson.pk if move is None else move.lesson_id)


def _confirm(lesson: Lesson) -> str:
    confirm_lesson(lesson=lesson, now=timezone.now())
    return _("Confirmed. Your student gets an e-mail.")


def _decline(lesson: Lesson) -> str:
    decline_lesson(lesson=lesson, reason="", now=timezone.now())
    return _("Declined. Your student gets an e-mail.")
