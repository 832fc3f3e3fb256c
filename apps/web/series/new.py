"""The page that makes a series: its form, and every date of it before anything is saved."""

import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from apps.accounts.models import User
from apps.common.errors import DomainError
from apps.common.idempotency import Idempotency, form_idempotency
from apps.lessons.models import Lesson, LessonSeries
from apps.lessons.policies import Action, access_lesson, access_series, access_students
from apps.lessons.series.planning import Occurrence
from apps.lessons.series.restart import find_replaced, restart_series
from apps.lessons.series.scope import local_date
from apps.lessons.series.scoped import make_series
from apps.lessons.series.services import (
    SeriesPlan,
    check_preview_limits,
    find_created,
    preview_series,
)
from apps.lessons.series.zone_differences import describe_zone_changes, find_local_time_changes
from apps.web.series.forms import (
    REMEMBERED,
    DateChoices,
    SeriesForm,
    default_values,
    find_kept_rule,
    values_of,
)
from apps.web.shared.access import current_tutor
from apps.web.shared.form_errors import add_domain_error
from apps.web.shared.ids import parse_id
from apps.web.shared.rule_words import describe_series
from apps.web.shared.undo import undo_tag

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
        if self.occurrence.lesson is not None:
            return True
        if self.chosen == "skip" or self.needs_time:
            return False
        return not self.occurrence.is_blocked


@dataclass(frozen=True, slots=True)
class Preview:
    students: list[User]
    rows: list[DateRow]
    zone_changes: list[str]
    holidays: list[date]

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


@dataclass(frozen=True, slots=True)
class Draft:
    """A series that is not saved yet. `lesson` becomes its first lesson; the lessons of `former`
    from its first date on are replaced by it."""

    tutor: User
    form: SeriesForm
    students: list[User]
    lesson: Lesson | None = None
    former: LessonSeries | None = None

    def plan(self, choices: DateChoices) -> SeriesPlan:
        """As the form has it, with all dates that were skipped."""
        lessons = [self.lesson.pk] if self.lesson is not None else []
        ids = [student.pk for student in self.students]
        return self.form.get_plan(self.tutor, ids, choices, lessons)

    def find_days(self) -> set[date]:
        """All dates of the rule."""
        return set(_days(self.plan(DateChoices({}))))

    def idempotency(self, choices: DateChoices) -> Idempotency | None:
        fields = self.form.cleaned_data
        ids = [student.pk for student in self.students]
        once = {**fields, "students": ids, "choices": choices.as_sorted()}
        return form_idempotency(fields["once"], once)

    def preview(self, choices: DateChoices, days: set[date]) -> Preview:
        wanted = self.plan(choices)
        planned, found = preview_series(tutor=self.tutor, wanted=wanted, exclude=self._replaced())
        zone = wanted.recurrence().zone
        starts = sorted(one.original_starts_at for one in planned)
        rows = []
        for one in sorted(planned, key=lambda each: each.original_starts_at):
            day = one.original_starts_at.astimezone(zone).date()
            local = one.starts_at.astimezone(zone)
            chosen = choices.actions.get(day, "skip" if one.is_blocked else "")
            rows.append(DateRow(day, one, self.tutor.pk, chosen, local, day in choices.invalid))
        changes = find_local_time_changes(starts, zone, found)
        left_out = sorted(days - {row.day for row in rows})
        return Preview(found, rows, describe_zone_changes(changes, self.tutor), left_out)

    def check_limits(self, choices: DateChoices, preview: Preview) -> None:
        """Raises `validation_error` for what saving would refuse, so that the dates are shown with
        it."""
        made = [row.occurrence for row in preview.rows if row.is_made]
        wanted = self.plan(choices)
        if made:
            check_preview_limits(self.tutor, wanted, made, preview.students, self._replaced())

    def _replaced(self) -> list[int]:
        if self.former is None:
            return []
        return [row.pk for row in find_replaced(self.former, self.form.cleaned_data["date"])]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """By `lesson` in the query string, a single lesson becomes the first of the series."""
    me = current_tutor(request)
    sent = request.POST if request.method == "POST" else request.GET
    first = _find_lesson(me, sent.get("lesson", ""))
    if first is not None and first.series_id is not None:  # by the same form, sent twice
        return redirect("web:series", first.series_id)
    if first is not None:
        students = first.attending_students
    else:
        students = _find_students(me, sent.getlist("student"))
    if not students:
        return redirect("web:lesson-new")
    form = SeriesForm(sent if request.method == "POST" else _with_defaults(request, me))
    draft = Draft(me, form, students, lesson=first)
    return _respond(request, draft, "series/new.html")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def restart(request: HttpRequest, series_id: int) -> HttpResponse:
    """Start a series again by a new rule: its lessons from the first date on are replaced."""
    me = current_tutor(request)
    former = access_series(me, series_id, to=Action.EDIT)
    remaining = find_replaced(former, date.min)
    if not remaining:
        messages.error(request, _("This series has no lessons left to replace."))
        return redirect("web:series", former.pk)
    first = local_date(former, remaining[0].original_starts_at or remaining[0].starts_at)
    values = request.POST if request.method == "POST" else _as_query(values_of(former, first))
    students = [one.student for one in former.members.select_related("student")]
    form = SeriesForm(values, kept=find_kept_rule(former))
    draft = Draft(me, form, students, former=former)
    return _respond(request, draft, "series/restart.html")


def _as_query(values: dict[str, str | list[str]]) -> QueryDict:
    query = QueryDict(mutable=True)
    for name, value in values.items():
        query.setlist(name, value if isinstance(value, list) else [value])
    return query


def _respond(request: HttpRequest, draft: "Draft", template: str) -> HttpResponse:
    preview = None
    if draft.form.is_valid():
        choices = DateChoices(request.POST)
        try:
            days = draft.find_days()
            choices.keep_only(days)
            if (saved := _find_saved(request, draft, choices)) is not None:
                return _redirect_to(draft, saved)
            preview = draft.preview(choices, days)
            draft.check_limits(choices, preview)
            if _is_confirmed(request, draft.form, preview):
                return _save(request, draft, choices)
        except DomainError as exc:
            add_domain_error(draft.form, exc)
    context = {"form": draft.form, "students": draft.students, "preview": preview}
    context |= {"former": draft.former, "lesson": draft.lesson}
    if draft.former is not None:
        context["former_rule"] = describe_series(draft.former)
    return render(request, template, context, status=400 if draft.form.errors else 200)


def _find_lesson(tutor: User, sent: str) -> Lesson | None:
    if not sent:
        return None
    lesson = access_lesson(tutor, parse_id(sent), to=Action.EDIT)
    prefetch_related_objects([lesson], "participants__student")
    return None if lesson.is_cancelled else lesson


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


def _days(wanted: SeriesPlan) -> list[date]:
    recurrence = wanted.recurrence()
    last = wanted.last_date(timezone.now())
    starts = recurrence.occurrences(first=date.min, last=last)
    return [start.astimezone(recurrence.zone).date() for start in starts]


def _is_confirmed(request: HttpRequest, form: SeriesForm, preview: Preview) -> bool:
    """Only what the tutor has just seen is saved."""
    is_seen = request.POST.get("shown") == form.get_fingerprint()
    return "save" in request.POST and is_seen and not preview.open_questions


def _find_saved(request: HttpRequest, draft: Draft, choices: DateChoices) -> LessonSeries | None:
    """What the same form has made already: its lessons would be in the way of themselves."""
    if "save" not in request.POST or draft.former is not None:
        return None
    return find_created(draft.tutor, draft.idempotency(choices))


def _save(request: HttpRequest, draft: Draft, choices: DateChoices) -> HttpResponse:
    form = draft.form
    wanted = replace(draft.plan(choices), skip_dates=choices.skipped)
    request.session[_LAST] = {name: form.data.get(name, "") for name in REMEMBERED}
    if draft.former is not None:
        series, change = restart_series(
            tutor=draft.tutor,
            series=draft.former,
            from_date=form.cleaned_data["date"],
            wanted=wanted,
        )
        messages.success(request, _scheduled(series), extra_tags=undo_tag(change))
        return redirect("web:series", series.pk)
    series, made = make_series(
        tutor=draft.tutor, wanted=wanted, idempotency=draft.idempotency(choices)
    )
    messages.success(request, _scheduled(series), extra_tags=undo_tag(made))
    return _redirect_to(draft, series)


def _redirect_to(draft: Draft, series: LessonSeries) -> HttpResponse:
    if draft.lesson is not None:
        return redirect("web:series", series.pk)
    return redirect(f"{reverse('web:calendar')}?date={draft.form.cleaned_data['date']}")


def _scheduled(series: LessonSeries) -> str:
    count = series.lessons.count()
    sentence = ngettext("%(n)s lesson scheduled.", "%(n)s lessons scheduled.", count)
    return sentence % {"n": count}
