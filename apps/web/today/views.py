"""What a tutor has to do: the next lessons, requests to answer, lessons to settle, and money."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from apps.accounts.models import User
from apps.billing.statements.overview import list_overview
from apps.booking.first_lessons import list_requests
from apps.booking.models import MoveRequest
from apps.lessons.models import Lesson
from apps.lessons.phases import Phase, find_phases
from apps.web.shared.access import current_tutor
from apps.web.shared.lesson_title import other_people

MAX_LESSONS, MAX_REQUESTS, MAX_UNSETTLED, MAX_ACCOUNTS = 10, 20, 10, 20
AHEAD, BEHIND = timedelta(days=2), timedelta(days=14)
JOINABLE = (Phase.SOON, Phase.RUNNING)


@login_required
@require_safe
def today(request: HttpRequest) -> HttpResponse:
    me = current_tutor(request)
    now = timezone.now()
    accounts = [row for row in list_overview(me) if row.owes or row.is_ending]
    context = {
        "lessons": _list_coming(me, now),
        "newcomers": list_requests(me, now),
        "requests": _list_requests(me, now),
        "unsettled": _list_unsettled(me, now),
        "accounts": accounts[:MAX_ACCOUNTS],
    }
    return render(request, "today/today.html", context)


def _list_coming(me: User, now: datetime) -> list[dict[str, Any]]:
    """Of today and tomorrow, with those that are running."""
    coming = Lesson.objects.of(me).upcoming(now).filter(starts_at__lt=now + AHEAD)
    lessons = list(coming.in_order().with_people()[:MAX_LESSONS])
    phases = find_phases(lessons, now)
    return [
        {
            "lesson": lesson,
            "people": other_people(lesson, me.pk),
            "phase": phases[lesson.pk],
            "may_join": phases[lesson.pk] in JOINABLE,
        }
        for lesson in lessons
    ]


def _list_requests(me: User, now: datetime) -> list[dict[str, Any]]:
    """The next ones first; `moved` is the lesson for which another time is asked."""
    waiting = Lesson.objects.of(me).filter(status=Lesson.Status.REQUESTED, starts_at__gt=now)
    lessons = list(waiting.in_order().with_people()[:MAX_REQUESTS])
    moves = MoveRequest.objects.filter(request__in=lessons).select_related("lesson")
    moved = {move.request_id: move.lesson for move in moves}
    return [
        {
            "lesson": lesson,
            "people": other_people(lesson, me.pk),
            "moved": moved.get(lesson.pk),
        }
        for lesson in lessons
    ]


def _list_unsettled(me: User, now: datetime) -> list[dict[str, Any]]:
    """Lessons that count as not held, until the tutor says otherwise."""
    past = Lesson.objects.of(me).filter(status=Lesson.Status.SCHEDULED, ends_at__lte=now)
    recent = past.filter(starts_at__gt=now - BEHIND).order_by("-starts_at", "-id").with_people()
    lessons = list(recent[:MAX_UNSETTLED])
    phases = find_phases(lessons, now)
    return [
        {"lesson": lesson, "people": other_people(lesson, me.pk)}
        for lesson in lessons
        if phases[lesson.pk] is Phase.NOT_HELD
    ]
