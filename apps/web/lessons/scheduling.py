"""The page that schedules a lesson: first the choice of its students, then the form."""

import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from apps.accounts.models import User
from apps.common.errors import DomainError
from apps.common.idempotency import form_idempotency
from apps.lessons.models import MAX_STUDENTS, Lesson
from apps.lessons.policies import access_students
from apps.lessons.queries import find_last_minutes, list_students_with_lessons
from apps.lessons.services import schedule_lesson
from apps.web.lessons.forms import LessonForm
from apps.web.lessons.responses import render_lesson_form
from apps.web.shared.access import current_tutor
from apps.web.shared.durations import DEFAULT_MINUTES
from apps.web.shared.form_errors import add_domain_error
from apps.web.shared.ids import parse_id
from apps.web.shared.paging import is_fragment, parse_listing


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    me = current_tutor(request)
    ids = _chosen_students(request)
    if not ids or "add" in request.GET:
        return _render_student_choice(request, me, ids)
    students, shared = access_students(me, ids)
    form = LessonForm(
        request.POST or None,
        zone=me.zone,
        classrooms=[(one.pk, one.name) for one in shared],
        initial=_initial_values(request, me, students[0]),
    )
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["repeat"]:
            return redirect(f"{reverse('web:series-new')}?{_series_query(form, students)}")
        lesson = _schedule(me, ids, form)
        if lesson is not None:
            messages.success(request, _("Lesson scheduled."))
            return redirect("web:lesson", lesson.pk)
    return render_lesson_form(request, form, {"students": students, **_links(students)})


def _schedule(me: User, ids: list[int], form: LessonForm) -> Lesson | None:
    """Return None if the lesson was refused; the form says why."""
    sent = {**form.cleaned_data, "students": ids}
    try:
        return schedule_lesson(
            tutor=me,
            student_ids=ids,
            **form.get_values(),
            idempotency=form_idempotency(form.cleaned_data["once"], sent),
        )
    except DomainError as exc:
        add_domain_error(form, exc)
        return None


def _chosen_students(request: HttpRequest) -> list[int]:
    """Different ids, in the order in which they were chosen."""
    chosen = request.POST.getlist("student") or request.GET.getlist("student")
    return list(dict.fromkeys(parse_id(text) for text in chosen))[: MAX_STUDENTS + 1]


def _links(students: list[User]) -> dict[str, Any]:
    """Query strings to choose another student, and each student with one to do without."""
    ids = [student.pk for student in students]
    chosen = [(one, _query([pk for pk in ids if pk != one.pk])) for one in students]
    return {"chosen": chosen, "query": _query(ids)}


def _query(ids: list[int]) -> str:
    return urlencode([("student", pk) for pk in ids])


def _series_query(form: LessonForm, students: list[User]) -> str:
    """For the page that shows every date before anything is saved."""
    data = form.cleaned_data
    names = ("title", "date", "minutes", "repeat")
    values = {name: data[name] for name in names} | {"time": f"{data['time']:%H:%M}"}
    return urlencode([("student", one.pk) for one in students] + list(values.items()))


def _initial_values(request: HttpRequest, me: User, student: User) -> dict[str, Any]:
    """The next full hour for as long as the student's last lesson, or the values in the query
    string, which are not validated here."""
    hour = me.to_local_time(timezone.now() + timedelta(hours=1)).replace(minute=0, second=0)
    minutes = find_last_minutes(me, timezone.now(), student).get(student.pk, DEFAULT_MINUTES)
    defaults = {"date": hour.date(), "time": f"{hour:%H:%M}", "minutes": minutes}
    given = {name: request.GET[name] for name in ("date", "time", "title") if name in request.GET}
    nonce = secrets.token_urlsafe(12)
    return defaults | given | {"classroom": request.GET.get("classroom"), "once": nonce}


def _render_student_choice(request: HttpRequest, me: User, ids: list[int]) -> HttpResponse:
    kept = [("student", pk) for pk in ids] + ([("add", 1)] if ids else [])
    listing = parse_listing(request, kept=kept)
    count, rows = list_students_with_lessons(me, listing.search, listing.page, timezone.now())
    template = (
        "lessons/student_choices.html" if is_fragment(request) else "lessons/choose_student.html"
    )
    context = {
        "rows": [row for row in rows if row["id"] not in ids],
        "listing": listing.with_total(count),
        "query": _query(ids),
        "kept": kept,
    }
    return render(request, template, context)
