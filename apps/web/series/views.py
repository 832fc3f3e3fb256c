"""The page of a series, and changes of several of its lessons."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.common.errors import DomainError
from apps.lessons.models import Lesson, LessonSeries
from apps.lessons.phases import find_phases
from apps.lessons.policies import Action, access_change, access_lesson, access_series
from apps.lessons.series import undo
from apps.lessons.series.previews import preview_change
from apps.web.series.changes import ChangeForm, apply_change
from apps.web.shared.access import current_tutor, current_user
from apps.web.shared.paging import parse_listing
from apps.web.shared.rule_words import describe_rule
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
        "rule": describe_rule(found.rrule),
        "is_tutor": found.tutor_id == me.pk,
        "students": [one.student for one in found.members.select_related("student")],
        "lessons": [(lesson, phases[lesson.pk]) for lesson in page],
        "listing": listing.with_total(lessons.count()),
        "next": next((one for one in page if not one.is_cancelled), None),
        "skipped": _skipped_times(found),
    }
    return render(request, "series/series.html", context)


def _skipped_times(found: LessonSeries) -> list[tuple[datetime, datetime]]:
    starts = [datetime.fromisoformat(each["starts_at"]) for each in found.skipped]
    return [(start, start + found.duration) for start in starts]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def changes(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """Shows what a change does to each lesson; POST makes it."""
    me = current_tutor(request)
    lesson = access_lesson(me, lesson_id, to=Action.EDIT)
    sent = request.POST if request.method == "POST" else request.GET
    form = ChangeForm(sent, lesson=lesson)
    rows: list[dict[str, Any]] = []
    error = ""
    if form.is_valid():
        try:
            if request.method == "POST":
                return _apply(request, form)
            rows = preview_change(lesson=lesson, **form.get_arguments())
        except DomainError as exc:
            error = exc.detail
    context = {
        "lesson": lesson,
        "form": form,
        "rows": rows,
        "touched": sum(row["change"] != "kept" for row in rows),
        "clashes": any(row["conflict"] for row in rows),
        "error": error,
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
    return redirect("web:calendar")
