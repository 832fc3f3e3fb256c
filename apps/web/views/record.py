from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from rest_framework.request import Request

from apps.classroom import queries
from apps.classroom.access import access_room
from apps.classroom.services import session_of
from apps.lessons.policies import Action, access_lesson
from apps.web.access import person


@login_required
@require_safe
def record(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """Who was in the lesson's room and what was written there. The room decides who may read it,
    as it does for the API; all that it asks of a request (user, session) Django's has too."""
    lesson = access_lesson(person(request), lesson_id, to=Action.VIEW)
    access = access_room(cast(Request, request), session_of(lesson_id=lesson.pk).uuid)
    context = {
        "lesson": lesson,
        "stays": queries.attendance(access.session_id, timezone.now()),
        "messages_written": queries.chat(access.session_id),
    }
    return render(request, "web/record.html", context)
