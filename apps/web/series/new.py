"""The page that makes a series: its form, and every date of it before anything is saved."""

import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from apps.accounts.models import User
from apps.common.errors import DomainError
from apps.common.idempotency import form_idempotency
from apps.lessons.models import LessonSeries
from apps.lessons.policies import access_students
from apps.lessons.series.planning import Occurrence
from apps.lessons.series.services import SeriesPlan, create_series, preview_series
from apps.lessons.series.zone_differences import describe_zone_changes, find_local_time_changes
from apps.web.series.forms import REMEMBERED, DateChoices, SeriesForm, default_values
from apps.web.shared.access import current_tutor
from apps.web.shared.form_errors import add_domain_error
from apps.web.shared.ids import parse_id

_LAST = "last_series"  # in the session


@dataclass(frozen=True, slots=True)
class DateRow:
    """A date of the rule, with what is in its way and what the tutor chose for it."""

    day: date
    occurrence: Occurrence
    tutor_id: int
    chosen: str
    move_to: datetime
    needs_time: bool

    @property
    def may_allow(self) -> bool:
        """Another tutor's lesson with a student cannot be double-booked."""
        conflict = self.occurrence.conflict
        return conflict is not None and conflict.tutor_id == self.tutor_id

    @property
    def is_made(self) -> bool:
        if self.chosen == "skip" or self.needs_time:
            return False
        return not self.occurrence.is_blocked


@dataclass(frozen=True, slots=True)
class Preview:
    students: list[User]
    rows: list[DateRow]
    zone_changes: list[str]

    @property
    def count(self) -> int:
        return sum(row.is_made for row in self.rows)

    @property
    def clashes(self) -> int:
        return sum(row.occurrence.detail is not None for row in self.rows)

    @property
    def open_questions(self) -> bool:
        """True while a date is in the way of something, and neither skipped, moved nor allowed."""
        return any(not row.is_made and row.chosen != "skip" for row in self.rows)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    me = current_tutor(request)
    sent = request.POST if request.method == "POST" else request.GET
    students = _find_students(me, sent.getlist("student"))
    if not students:
        return redirect("web:lesson-new")
    form = SeriesForm(sent if request.method == "POST" else _with_defaults(request, me))
    preview = None
    if form.is_valid():
        choices = DateChoices(request.POST)
        try:
            preview = _make_preview(me, form, students, choices)
            if _is_confirmed(request, form, preview):
                return _create(request, me, form, students, choices)
        except DomainError as exc:
            add_domain_error(form, exc)
    context = {"form": form, "students": students, "preview": preview}
    return render(request, "series/new.html", context, status=400 if form.errors else 200)


def _find_students(tutor: User, sent: list[str]) -> list[User]:
    """Raises `not_a_member`."""
    ids = list(dict.fromkeys(parse_id(text) for text in sent))
    return access_students(tutor, ids)[0] if ids else []


def _with_defaults(request: HttpRequest, me: User) -> QueryDict:
    """The query string of the calendar or of the lesson's form, completed by what the tutor chose
    for the last series."""
    values = request.GET.copy()
    hour = me.to_local_time(timezone.now() + timedelta(hours=1)).replace(minute=0, second=0)
    defaults = default_values(hour) | request.session.get(_LAST, {})
    for name, value in {**defaults, "once": secrets.token_urlsafe(12)}.items():
        if not values.get(name):
            values[name] = value
    return values


def _make_preview(
    me: User, form: SeriesForm, students: list[User], choices: DateChoices
) -> Preview:
    ids = [student.pk for student in students]
    choices.keep_only(set(_days(form.get_plan(me, ids, DateChoices({})))))
    wanted = form.get_plan(me, ids, choices)
    planned, found = preview_series(tutor=me, wanted=wanted)
    zone = wanted.recurrence().zone
    starts = sorted(one.original_starts_at for one in planned)
    rows = []
    for one in sorted(planned, key=lambda each: each.original_starts_at):
        day = one.original_starts_at.astimezone(zone).date()
        local = one.starts_at.astimezone(zone)
        chosen = choices.actions.get(day, "skip" if one.is_blocked else "")
        rows.append(DateRow(day, one, me.pk, chosen, local, day in choices.invalid))
    changes = find_local_time_changes(starts, zone, found)
    return Preview(found, rows, describe_zone_changes(changes, me))


def _days(wanted: SeriesPlan) -> list[date]:
    recurrence = wanted.recurrence()
    last = wanted.last_date(timezone.now())
    starts = recurrence.occurrences(first=date.min, last=last)
    return [start.astimezone(recurrence.zone).date() for start in starts]


def _is_confirmed(request: HttpRequest, form: SeriesForm, preview: Preview) -> bool:
    """Only what the tutor has just seen is saved."""
    is_seen = request.POST.get("shown") == form.get_fingerprint()
    return "save" in request.POST and is_seen and not preview.open_questions


def _create(
    request: HttpRequest, me: User, form: SeriesForm, students: list[User], choices: DateChoices
) -> HttpResponse:
    wanted = form.get_plan(me, [student.pk for student in students], choices)
    wanted = replace(wanted, skip_dates=choices.skipped)
    once = {**form.cleaned_data, "students": wanted.student_ids, "choices": sorted(choices.actions)}
    series = create_series(
        tutor=me,
        wanted=wanted,
        idempotency=form_idempotency(form.cleaned_data["once"], once),
    )
    request.session[_LAST] = {name: form.data.get(name, "") for name in REMEMBERED}
    messages.success(request, _scheduled(series))
    return redirect("web:series", series.pk)


def _scheduled(series: LessonSeries) -> str:
    count = series.lessons.count()
    sentence = ngettext("%(n)s lesson scheduled.", "%(n)s lessons scheduled.", count)
    return sentence % {"n": count}
