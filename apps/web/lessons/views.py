import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.accounts.models import User
from apps.classroom import queries
from apps.classroom.access import access_room
from apps.classroom.errors import lesson_cancelled
from apps.classroom.services import get_or_create_session
from apps.classrooms.students import email_for
from apps.common.errors import DomainError
from apps.common.idempotency import form_idempotency
from apps.lessons.access import find_attendance
from apps.lessons.models import MAX_STUDENTS, Lesson
from apps.lessons.phases import PAST, find_phase, find_phases
from apps.lessons.policies import (
    Action,
    access_lesson,
    access_students,
    may,
    may_cancel,
    may_change,
    may_decide_outcome,
    may_record_participation,
    may_share,
)
from apps.lessons.queries import find_last_minutes, list_students_with_lessons
from apps.lessons.series.scope import Scope
from apps.lessons.series.scoped import cancel_lesson, update_lesson
from apps.lessons.services import ExpectedState, revoke_invites, schedule_lesson
from apps.web.lessons import confirmations
from apps.web.lessons.created_links import find_created_link, remember_created_link
from apps.web.lessons.forms import CancelForm, InviteLinkForm, LessonForm
from apps.web.lessons.repeating import repeat_query
from apps.web.shared.access import current_tutor, current_user
from apps.web.shared.confirmations import render_confirmation
from apps.web.shared.durations import DEFAULT_MINUTES
from apps.web.shared.form_errors import add_domain_error
from apps.web.shared.ids import parse_id
from apps.web.shared.lesson_title import lesson_title, other_people, other_students
from apps.web.shared.paging import is_fragment, parse_listing
from apps.web.shared.scopes import changes_url
from apps.web.shared.series_facts import find_series_facts
from apps.web.shared.undo import undo_tag


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
        try:
            lesson = schedule_lesson(
                tutor=me,
                student_ids=ids,
                **form.get_values(),
                idempotency=form_idempotency(
                    form.cleaned_data["once"], {**form.cleaned_data, "students": ids}
                ),
            )
        except DomainError as exc:
            add_domain_error(form, exc)
        else:
            messages.success(request, _("Lesson scheduled."))
            return redirect("web:lesson", lesson.pk)
    return _render_form(request, form, {"students": students, **_links(students)})


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


def _render_form(request: HttpRequest, form: LessonForm, context: dict[str, Any]) -> HttpResponse:
    status = 409 if form.has_conflict or form.is_stale else 400 if form.errors else 200
    return render(request, "lessons/form.html", {"form": form, **context}, status=status)


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
    context = {
        "lesson": lesson,
        "title": lesson_title(lesson, me.pk),
        "room": room,
        "phase": phase,
        "is_over": phase in PAST,
        "people": [one.student for one in participants] or [lesson.tutor],
        "participants": [(one, email_for(me, one.student)) for one in participants],
        "is_group": len(lesson.participants.all()) > 1,
        "group": other_students(lesson, me.pk),
        "series": find_series_facts(lesson, me, now),
        "repeat_query": repeat_query(lesson, me, now),
        "may_edit": may(me, Action.EDIT, lesson),
        "may_change": may_change(me, lesson),
        "may_cancel": may_cancel(me, lesson, now),
        "may_share": may_share(me, lesson, now),
        "may_record": may_record_participation(me, lesson, now),
        "may_decide_outcome": may_decide_outcome(me, lesson, phase),
        "cancel": confirmations.confirm_cancellation(lesson),
        "revoke": confirmations.confirm_revoking_invites(lesson),
        "link_form": InviteLinkForm(),
        "link": find_created_link(request, lesson) if may_share(me, lesson, now) else None,
    }
    return render(request, "lessons/lesson.html", context)


def _redirect_unchangeable(request: HttpRequest, lesson: Lesson) -> HttpResponse:
    """For a page that was opened before the lesson ended or was cancelled."""
    reason = lesson_cancelled().detail if lesson.is_cancelled else _("This lesson is over.")
    messages.error(request, reason)
    return redirect("web:lesson", lesson.pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, lesson_id: int) -> HttpResponse:
    me = current_tutor(request)
    lesson = access_lesson(me, lesson_id, to=Action.EDIT)
    if not may_change(me, lesson):
        return _redirect_unchangeable(request, lesson)
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
    return _render_form(request, form, {"lesson": lesson, **people})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, lesson_id: int) -> HttpResponse:
    me = current_tutor(request)
    lesson = access_lesson(me, lesson_id, to=Action.EDIT)
    if not may_cancel(me, lesson, timezone.now()):
        return _redirect_unchangeable(request, lesson)
    form = CancelForm(request.POST, lesson=lesson) if request.method == "POST" else None
    if form is None or not form.is_valid():
        return render_confirmation(request, confirmations.confirm_cancellation(lesson, form))
    if form.changes_series:
        return redirect(changes_url(lesson, form.get_query()))
    try:
        change = cancel_lesson(lesson=lesson, scope=Scope.THIS, reason=form.cleaned_data["reason"])
    except DomainError as exc:
        messages.error(request, exc.detail)
    else:
        messages.success(request, _("Lesson cancelled."), extra_tags=undo_tag(change))
    return redirect("web:lesson", lesson.pk)


@login_required
@require_POST
def invite(request: HttpRequest, lesson_id: int) -> HttpResponse:
    me = current_tutor(request)
    lesson = access_lesson(me, lesson_id, to=Action.EDIT)
    if not may_share(me, lesson, timezone.now()):
        return _redirect_unchangeable(request, lesson)
    form = InviteLinkForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose how long the link should work."))
        return redirect("web:lesson", lesson.pk)
    try:
        created = form.make_invite(lesson, timezone.now())
    except DomainError as exc:
        messages.error(request, exc.detail)
    else:
        remember_created_link(request, lesson, created)
        messages.success(request, _("The link is ready to copy."))
    return redirect("web:lesson", lesson.pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HttpRequest, lesson_id: int) -> HttpResponse:
    lesson = access_lesson(current_tutor(request), lesson_id, to=Action.EDIT)
    if request.method != "POST":
        return render_confirmation(request, confirmations.confirm_revoking_invites(lesson))
    revoke_invites(lesson_id=lesson.pk)
    messages.success(request, _("Earlier links to this lesson no longer work."))
    return redirect("web:lesson", lesson.pk)


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


@login_required
@require_safe
def log(request: HttpRequest, lesson_id: int) -> HttpResponse:
    """Attendance and chat of a lesson's room, with the same access check as the API."""
    user = current_user(request)
    lesson = access_lesson(user, lesson_id, to=Action.VIEW)
    room = get_or_create_session(lesson_id=lesson.pk).uuid
    access = access_room(user, request.session, room)
    chat = queries.chat(
        access.session_id,
        limit=queries.MAX_MESSAGES,
        since=access.readable_since,
        before=_uuid(request.GET.get("before", "")),
    )
    if chat is None:
        raise Http404
    context = {
        "lesson": lesson,
        "attendance": queries.attendance(
            access.session_id, timezone.now(), max_interruption=queries.MAX_ABSENCE
        ),
        "messages_written": chat["results"],
        "older": chat["before"],
    }
    return render(request, "lessons/log.html", context)


def _uuid(text: str) -> UUID | None:
    """Raises Http404 if a non-empty value is not a UUID."""
    try:
        return UUID(text) if text else None
    except ValueError as exc:
        raise Http404 from exc
