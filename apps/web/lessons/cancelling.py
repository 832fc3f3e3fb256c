"""Cancelling a lesson on its page: by the tutor, or by a student who reads first what it costs."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.accounts.models import User
from apps.billing.cancellations import cancel_as_student, cancel_as_tutor, waive
from apps.billing.models import CancellationDecision
from apps.billing.own_terms import describe_no_terms, find_own_terms
from apps.common.errors import DomainError
from apps.lessons.models import Lesson
from apps.lessons.policies import Action, access_lesson, may_cancel
from apps.lessons.series.scope import Scope
from apps.web.lessons import confirmations
from apps.web.lessons.forms import CancelForm, OwnCancelForm, WaiveForm
from apps.web.lessons.responses import redirect_unchangeable
from apps.web.shared.access import current_tutor, current_user
from apps.web.shared.confirmations import render_confirmation
from apps.web.shared.scopes import changes_url
from apps.web.shared.undo import undo_tag


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, lesson_id: int) -> HttpResponse:
    me = current_user(request)
    lesson = access_lesson(me, lesson_id, to=Action.VIEW if me.is_student else Action.EDIT)
    return _cancel_own(request, me, lesson) if me.is_student else _cancel(request, me, lesson)


def _cancel(request: HttpRequest, me: User, lesson: Lesson) -> HttpResponse:
    if not may_cancel(me, lesson, timezone.now()):
        return redirect_unchangeable(request, lesson)
    form = CancelForm(request.POST, lesson=lesson) if request.method == "POST" else None
    if form is None or not form.is_valid():
        return render_confirmation(request, confirmations.confirm_cancellation(lesson, form))
    if form.changes_series:
        return redirect(changes_url(lesson, form.get_query()))
    reason = form.cleaned_data["reason"]
    try:
        change = cancel_as_tutor(lesson=lesson, scope=Scope.THIS, reason=reason)
    except DomainError as exc:
        messages.error(request, exc.detail)
    else:
        messages.success(request, _("Lesson cancelled."), extra_tags=undo_tag(change))
    return redirect("web:lesson", lesson.pk)


def _cancel_own(request: HttpRequest, me: User, lesson: Lesson) -> HttpResponse:
    """What a cancellation costs may have changed since the page was opened: then it is asked
    again, so that nobody pays for what they did not read."""
    now = timezone.now()
    terms = find_own_terms(lesson, me, now)
    if terms is None:
        messages.error(request, describe_no_terms(lesson, me, now))
        return redirect("web:lesson", lesson.pk)
    form = OwnCancelForm(request.POST, terms=terms) if request.method == "POST" else None
    if form is None or not form.is_valid():
        asked = confirmations.confirm_own_cancellation(lesson, me, terms, now, form)
        return render_confirmation(request, asked)
    try:
        decision = cancel_as_student(lesson=lesson, student=me, now=now, **form.get_values())
    except DomainError as exc:
        messages.error(request, exc.detail)
    else:
        messages.success(request, _describe_outcome(decision))
    return redirect("web:lesson", lesson.pk)


def _describe_outcome(decision: CancellationDecision) -> str:
    if not decision.charge_percent:
        return _("Cancelled, free of charge. Your tutor is told.")
    if decision.charge_percent == 100:
        return _("Cancelled. The lesson is charged. Your tutor is told.")
    return _("Cancelled. %(percent)s %% of the lesson is charged. Your tutor is told.") % {
        "percent": decision.charge_percent
    }


@login_required
@require_POST
def waive_charge(request: HttpRequest, lesson_id: int, student_id: int) -> HttpResponse:
    me = current_tutor(request)
    lesson = access_lesson(me, lesson_id, to=Action.EDIT)
    form = WaiveForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Write a note for the student."))
        return redirect("web:lesson", lesson.pk)
    try:
        waive(lesson=lesson, student_id=student_id, tutor=me, note=form.cleaned_data["note"])
    except DomainError as exc:
        messages.error(request, exc.detail)
    else:
        messages.success(request, _("Waived. The student’s account shows it with your note."))
    return redirect("web:lesson", lesson.pk)
