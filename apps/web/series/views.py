"""The page of a series, and changes of several of its lessons."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.common.errors import DomainError
from apps.lessons.models import Lesson, LessonChange, LessonSeries
from apps.lessons.phases import find_phases
from apps.lessons.policies import Action, access_change, access_lesson, access_series
from apps.lessons.series import undo
from apps.lessons.series.previews import preview_change
from apps.web.series.changes import ChangeForm, apply_change, describe_rows
from apps.web.series.forms import BoardForm
from apps.web.shared.access import current_tutor, current_user
from apps.web.shared.paging import parse_listing
from apps.web.shared.rule_words import describe_series
from apps.web.shared.series_facts import list_zone_changes
from apps.web.shared.undo import undo_tag


@login_required
@require_safe
def series(request: HttpRequest, series_id: int) -> HttpResponse:
    me = current_user(request)
    found = access_series(me, series_id)
    now = timezone.now()
    lessons = Lesson.objects.of(me).filter(series=found, ends_at__gt=now).in_order()
    listing = parse_listing(request)
    page = list(lessons[listing.page.offset : listing.page.stop])
    phases = find_phases(page, now)
    context = {
        "series": found,
        "rule": describe_series(found),
        "is_tutor": found.tutor_id == me.pk,
        "board_form": BoardForm(initial={"board_mode": found.board_mode}),
        "students": [one.student for one in found.members.select_related("student")],
        "lessons": [(lesson, phases[lesson.pk]) for lesson in page],
        "listing": listing.with_total(lessons.count()),
        "next": next((one for one in page if not one.is_cancelled), None),
        "skipped": _skipped_times(found),
        "zone_changes": list_zone_changes(found, me, now),
    }
    return render(request, "series/series.html", context)


def _skipped_times(found: LessonSeries) -> list[tuple[datetime, datetime]]:
    starts = [datetime.fromisoformat(each["starts_at"]) for each in found.skipped]
    return [(start, start + found.duration) for start in starts]


@login_required
@require_POST
def board(request: HttpRequest, series_id: int) -> HttpResponse:
    """Whether the lessons to come start with an empty board."""
    found = access_series(current_tutor(request), series_id, to=Action.EDIT)
    form = BoardForm(request.POST)
    if form.is_valid():
        found.set_board_mode(form.cleaned_data["board_mode"])
        messages.success(request, _("Saved."))
    else:
        messages.error(request, _("Choose what is on the board."))
    return redirect("web:series", found.pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def changes(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """Shows what a change does to each lesson; POST makes it."""
    lesson = access_lesson(current_tutor(request), lesson_id, to=Action.EDIT)
    is_sent = request.method == "POST"
    form = ChangeForm(request.POST if is_sent else request.GET, lesson=lesson)
    rows: list[dict[str, Any]] = []
    error = ""
    if form.is_valid():
        try:
            if is_sent:
                return _apply(request, form)
        except DomainError as exc:
            error = exc.detail
        try:
            rows = preview_change(lesson=lesson, **form.get_arguments())
        except DomainError as exc:
            error = error or exc.detail
    context = {
        "lesson": lesson,
        "form": form,
        "rows": rows,
        "error": error,
        **describe_rows(form, rows),
    }
    status = 400 if form.errors else 409 if error else 200
    return render(request, "series/changes.html", context, status=status)


def _apply(request: HttpRequest, form: ChangeForm) -> HttpResponse:
    change = apply_change(current_tutor(request), form)
    if change is None:
        messages.info(request, _("Nothing to change."))
    else:
        count = undo.count_changed(change)
        sentence = ngettext("%(n)s lesson changed.", "%(n)s lessons changed.", count) % {"n": count}
        messages.success(request, sentence, extra_tags=undo_tag(change))
    return redirect("web:lesson", form.lesson.pk)


@login_required
@require_POST
def undo_change(request: HttpRequest, change_id: int) -> HttpResponse:
    change = access_change(current_tutor(request), change_id)
    try:
        undo.undo(change=change, now=timezone.now())
    except DomainError as exc:
        messages.error(request, exc.detail)
    else:
        messages.success(request, _("Undone. Everything is as it was."))
    return redirect(_where_to_go_after(change))


def _where_to_go_after(change: LessonChange) -> str:
    """The lesson that was changed alone, else the calendar."""
    lessons = list(change.before["lessons"])
    return reverse("web:lesson", args=lessons) if len(lessons) == 1 else reverse("web:calendar")
