from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from apps.accounts.models import User
from apps.billing.balances import list_own_balances
from apps.billing.cancellation_policies import list_unaccepted
from apps.billing.own_terms import list_cancellable
from apps.booking.policies import list_bookable_tutors
from apps.classrooms.models import Membership
from apps.classrooms.queries import next_setup_step
from apps.common.zone_times import zone_time
from apps.common.zones import zone_fallbacks, zone_label
from apps.lessons.models import Lesson
from apps.lessons.phases import find_phases
from apps.lessons.policies import CHANGEABLE_STATUSES
from apps.lessons.queries import (
    find_differing_zones,
    find_last_minutes,
    find_overdue_phases,
)
from apps.web.shared.access import current_user
from apps.web.shared.durations import MINUTES
from apps.web.shared.lesson_title import other_people
from apps.web.shared.student_links import student_links

MAX_UPCOMING = 20
MAX_INVITATIONS = 20
Status = Membership.Status


@login_required
@require_safe
def calendar(request: HttpRequest) -> HttpResponse:
    """The calendar island, and a list of the next lessons that works without JavaScript."""
    me = current_user(request)
    now = timezone.now()
    upcoming = list(
        Lesson.objects.of(me)
        .upcoming(now - timedelta(minutes=15))
        .in_order()
        .with_people()[:MAX_UPCOMING]
    )
    phases = find_phases(upcoming, now)
    cancellable = list_cancellable(upcoming, me, now) if me.is_student else set()
    context = {
        "config": _config(request, me),
        "upcoming": [
            (lesson, other_people(lesson, me.pk), phases[lesson.pk], lesson.pk in cancellable)
            for lesson in upcoming
        ],
        "first_step": next_setup_step(me),
        "invitations": _invitations(me) if me.is_student else (),
        "student_links": student_links(me) if me.is_student else (),
        "bookable": list_bookable_tutors(me) if me.is_student else (),
        "policies": list_unaccepted(me) if me.is_student else (),
        "balances": list_own_balances(me) if me.is_student else (),
    }
    return render(request, "calendar/calendar.html", context)


def _invitations(student: User) -> QuerySet[Membership]:
    memberships = Membership.objects.of(student).not_blocked_by(student).current()
    invited = memberships.filter(status=Status.INVITED)
    return invited.select_related("classroom__tutor")[:MAX_INVITATIONS]


def _config(request: HttpRequest, me: User) -> dict[str, Any]:
    zones = find_differing_zones(me)
    all_zones = {me.timezone, *zones.values()}
    now = timezone.now()
    return {
        "role": me.role,
        "changeable": list(CHANGEABLE_STATUSES) if me.is_tutor else [],
        "phases": find_overdue_phases(me, now),
        "durations": MINUTES if me.is_tutor else (),
        "lastMinutes": find_last_minutes(me, now) if me.is_tutor else {},
        "userTimezone": me.timezone,
        "zoneTime": zone_time(me.timezone),
        "locale": get_language(),
        "lessonUrl": reverse("web:lesson", args=[0]).replace("0", "{id}"),
        "studentUrl": reverse("web:student", args=[0]).replace("0", "{id}") if me.is_tutor else "",
        "newSeriesUrl": reverse("web:series-new") if me.is_tutor else "",
        "signInUrl": reverse("account_login"),
        "csrfToken": get_token(request),
        "zones": zones,
        "zoneNames": {zone: zone_label(zone) for zone in all_zones},
        "zoneFallbacks": {zone: zone_fallbacks(zone, now) for zone in all_zones},
    }
