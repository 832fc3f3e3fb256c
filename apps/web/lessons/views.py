"""The page of a lesson, and what its tutor changes there."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import User
from apps.billing.cancellation_policies import get_policy
from apps.billing.lesson_charges import list_lesson_charges
from apps.billing.own_terms import find_own_terms
from apps.billing.policy_words import describe_policy
from apps.classrooms.students import email_for
from apps.common.errors import DomainError
from apps.lessons.access import find_attendance
from apps.lessons.models import Lesson
from apps.lessons.phases import PAST, Phase, find_phase, find_phases
from apps.lessons.policies import (
    Action,
    access_lesson,
    may,
    may_cancel,
    may_change,
    may_decide_outcome,
    may_record_participation,
    may_share,
)
from apps.lessons.series.scope import Scope
from apps.lessons.series.scoped import update_lesson
from apps.lessons.services import ExpectedState
from apps.web.lessons import confirmations
from apps.web.lessons.created_links import find_created_link
from apps.web.lessons.forms import InviteLinkForm, LessonForm, WaiveForm
from apps.web.lessons.other_times import find_times
from apps.web.lessons.repeating import repeat_query
from apps.web.lessons.responses import redirect_unchangeable, render_lesson_form
from apps.web.shared.access import current_tutor, current_user
from apps.web.shared.form_errors import add_domain_error
from apps.web.shared.lesson_title import lesson_title, other_people, other_students
from apps.web.shared.scopes import changes_url
from apps.web.shared.series_facts import find_series_facts
from apps.web.shared.undo import undo_tag


@login_required
@require_safe
def lesson(request: HttpRequest, lesson_id: int) -> HttpResponse:
    me = current_user(request)
    lesson = access_lesson(me, lesson_id, to=Action.VIEW)
    prefetch_related_objects([lesson], "participants__student")
    participants = list(lesson.participants.all()) if lesson.tutor_id == me.pk else []
    now = timezone.now()
    room = find_attendance(me, request.session, lesson)
    phase = find_phase(lesson, now, room.tutor_is_in)
    context: dict[str, Any] = {
        "lesson": lesson,
        "title": lesson_title(lesson, me.pk),
        "room": room,
        "phase": phase,
        "is_over": phase in PAST,
        "people": [one.student for one in participants] or [lesson.tutor],
        "participants": [(one, email_for(me, one.student)) for one in participants],
        "policy": _describe_policy(lesson),
        "is_group": len(lesson.participants.all()) > 1,
        "group": other_students(lesson, me.pk),
        "series": find_series_facts(lesson, me, now),
        "repeat_query": repeat_query(lesson, me, now),
        "cancel": confirmations.confirm_cancellation(lesson),
        **find_times(me, lesson, now),
        **_permissions(me, lesson, phase, now),
        **_charges(me, lesson, now),
    }
    links = _links(request, lesson, is_shared=context["may_share"])
    return render(request, "lessons/lesson.html", context | links)


def _permissions(me: User, lesson: Lesson, phase: Phase, now: datetime) -> dict[str, bool]:
    return {
        "may_edit": may(me, Action.EDIT, lesson),
        "may_change": may_change(me, lesson),
        "may_cancel": may_cancel(me, lesson, now),
        "may_share": may_share(me, lesson, now),
        "may_record": may_record_participation(me, lesson, now),
        "may_decide_outcome": may_decide_outcome(me, lesson, phase),
    }


def _describe_policy(lesson: Lesson) -> list[str]:
    """The rules that hold for the lesson; none if the tutor had set none."""
    policy = get_policy(lesson.tutor_id, at=lesson.created_at)
    return describe_policy(policy) if policy.pk is not None else []


def _charges(me: User, lesson: Lesson, now: datetime) -> dict[str, Any]:
    """The tutor sees everybody's charges, a student their own and what cancelling costs."""
    charges = list_lesson_charges(lesson)
    if me.is_tutor:
        return {"charges": charges, "waive_form": WaiveForm(auto_id=False)}
    found: dict[str, Any] = {"own_charge": charges.get(me.pk)}
    terms = find_own_terms(lesson, me, now)
    if terms is not None:
        asked = confirmations.confirm_own_cancellation(lesson, me, terms, now)
        found |= {"may_cancel": True, "cancel": asked}
    return found


def _links(request: HttpRequest, lesson: Lesson, *, is_shared: bool) -> dict[str, Any]:
    return {
        "revoke": confirmations.confirm_revoking_invites(lesson),
        "link_form": InviteLinkForm(),
        "link": find_created_link(request, lesson) if is_shared else None,
    }


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, lesson_id: int) -> HttpResponse:
    me = current_tutor(request)
    lesson = access_lesson(me, lesson_id, to=Action.EDIT)
    if not may_change(me, lesson):
        return redirect_unchangeable(request, lesson)
    form = LessonForm(request.POST or None, zone=me.zone, lesson=lesson)
    if request.method == "POST" and form.is_valid():
        if form.changes_series:
            return redirect(changes_url(lesson, form.get_query()))
        try:
            change = update_lesson(
                tutor=me,
                lesson=lesson,
                scope=Scope.THIS,
                wanted=form.get_wanted(),
                expected=ExpectedState({lesson.get_version()}),
            )
        except DomainError as exc:
            add_domain_error(form, exc)
        else:
            messages.success(request, _("Saved."), extra_tags=undo_tag(change))
            return redirect("web:lesson", lesson.pk)
    prefetch_related_objects([lesson], "participants__student")
    people = {"other_people": other_people(lesson, me.pk), "students": lesson.attending_students}
    return render_lesson_form(request, form, {"lesson": lesson, **people})


@login_required
@require_POST
def outcome(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """The tutor says that a lesson was held although nobody was in its room, or takes it back."""
    me = current_tutor(request)
    lesson = access_lesson(me, lesson_id, to=Action.EDIT)
    phase = find_phases([lesson], timezone.now())[lesson.pk]
    if request.POST.get("held") != "1":
        lesson.undo_completion()
    elif may_decide_outcome(me, lesson, phase) and lesson.complete():
        undo = reverse("web:lesson-outcome", args=[lesson.pk])
        messages.success(request, _("Marked as completed."), extra_tags=f"undo {undo}")
    return redirect("web:lesson", lesson.pk)
