from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from apps.accounts.models import User
from apps.classrooms.models import Classroom, Membership
from apps.common.zones import zone_fallbacks, zone_label
from apps.lessons.models import Lesson
from apps.lessons.policies import CHANGEABLE_STATUSES
from apps.web.access import current_user

COMING = 20
MOST_ZONES = 1000


@login_required
@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """The island, and beneath it the next lessons as a plain list that needs no script."""
    me = current_user(request)
    coming = (
        Lesson.objects.of(me)
        .not_cancelled()
        .ending_after(timezone.now() - timedelta(minutes=15))
        .in_order()
        .select_related("tutor", "student")[:COMING]
    )
    context = {"config": _config(request, me), "coming": coming, "first_step": _first_step(me)}
    return render(request, "web/calendar.html", context)


def _config(request: HttpRequest, me: User) -> dict[str, Any]:
    zones = _zones(me)
    shown = {me.timezone, *zones.values()}
    now = timezone.now()
    return {
        "role": me.role,
        "changeable": list(CHANGEABLE_STATUSES) if me.is_tutor else [],
        "userTimezone": me.timezone,
        "locale": get_language(),
        "lessonUrl": reverse("web:lesson", args=[0]).replace("0", "{id}"),
        "newLessonUrl": reverse("web:lesson-new"),
        "signInUrl": reverse("account_login"),
        "csrfToken": get_token(request),
        "zones": zones,
        "zoneNames": {zone: zone_label(zone) for zone in shown},
        "zoneFallbacks": {zone: zone_fallbacks(zone, now) for zone in shown},
    }


def _zones(me: User) -> dict[int, str]:
    """Of the people one has lessons with, those who live by another clock."""
    them = "student" if me.is_tutor else "tutor"
    others = Lesson.objects.of(me).exclude(**{f"{them}__timezone": me.timezone}).order_by()
    return dict(others.values_list(f"{them}_id", f"{them}__timezone").distinct()[:MOST_ZONES])


def _first_step(me: User) -> str:
    """What an empty calendar is waiting for: a classroom, its students, or nothing."""
    if not me.is_tutor:
        return "" if Membership.objects.of(me).active().exists() else "join"
    if not Classroom.objects.of(me).exists():
        return "classroom"
    return "" if Membership.objects.active().taught_by(me).exists() else "students"
