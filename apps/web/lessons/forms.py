from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.billing.models import NoFault
from apps.billing.wording import LessonTerms
from apps.classroom.policies import UNTIL_LESSON_ENDS
from apps.common.forms import OneOfField, TextField
from apps.common.zones import is_ambiguous
from apps.lessons.invites import Invite, make_invite, make_invite_until_end
from apps.lessons.models import Lesson
from apps.lessons.series.changes import Wanted
from apps.web.shared.durations import DEFAULT_MINUTES, MINUTES, minutes_label
from apps.web.shared.local_time import local_to_utc
from apps.web.shared.optimistic import OptimisticForm
from apps.web.shared.repeats import REPEATS
from apps.web.shared.scopes import ScopeField, changes_series


def _initial_values(lesson: Lesson, zone: ZoneInfo) -> dict[str, Any]:
    local = lesson.starts_at.astimezone(zone)
    return {
        "title": lesson.title,
        "date": local.date(),
        "time": f"{local:%H:%M}",
        "fold": local.fold,
        "minutes": int((lesson.ends_at - lesson.starts_at).total_seconds() // 60),
    }


class LessonForm(OptimisticForm, forms.Form):
    """A lesson's title and time in the tutor's time zone.

    A valid form has `starts_at` and `ends_at` in UTC. A time of `lesson` that was not edited is
    kept exactly, because its local time may be ambiguous, and the form does not show seconds.
    """

    title = TextField(label=_("Title"), max_length=200, required=False)
    date = forms.DateField(
        label=_("Date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    time = forms.TimeField(
        label=_("Starts"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    fold = OneOfField(
        label=_("The clocks go back that day, so this time comes twice"),
        coerce=int,
        choices=[(0, _("the first time")), (1, _("the second time, after the clock goes back"))],
    )
    minutes = OneOfField(label=_("Duration"), coerce=int)
    classroom = OneOfField(label=_("Classroom"), coerce=int, required=False)
    allow_overlap = forms.BooleanField(label=_("Schedule anyway"), required=False)
    repeat = OneOfField(label=_("Repeats"), required=False, choices=[("", _("no")), *REPEATS])
    scope = ScopeField()
    once = forms.CharField(max_length=50, required=False, widget=forms.HiddenInput)

    field_groups = (("date", "time", "fold", "minutes"),)
    starts_at: datetime
    ends_at: datetime

    def __init__(
        self,
        *args: Any,
        zone: ZoneInfo,
        lesson: Lesson | None = None,
        classrooms: list[tuple[int, str]] | None = None,
        **kwargs: Any,
    ) -> None:
        self.zone = zone
        self.lesson = lesson
        if lesson is not None:
            kwargs["initial"] = _initial_values(lesson, zone)
        super().__init__(*args, **kwargs)
        current_minutes = self.initial.get("minutes", DEFAULT_MINUTES)
        options = sorted({*MINUTES, current_minutes})
        self.fields["minutes"].choices = [(n, minutes_label(n)) for n in options]  # type: ignore[attr-defined]
        if classrooms and len(classrooms) > 1:
            self.fields["classroom"].choices = classrooms  # type: ignore[attr-defined]
        else:
            del self.fields["classroom"]
        if lesson is None or lesson.series_id is None:
            del self.fields["scope"]
        if lesson is not None:
            del self.fields["repeat"]

        if self.is_bound:
            # A client without the field keeps the lesson's own fold.
            self.data.setdefault("fold", self.data.get(self["fold"].html_initial_name, "0"))

    def _tracked(self) -> list[str]:
        return list(self.initial) if self.lesson is not None else []

    @property
    def has_conflict(self) -> bool:
        """True once the time was refused, to offer “schedule anyway”."""
        return self.has_error("__all__", "lesson_conflict") or bool(
            self.is_bound and self.data.get("allow_overlap")
        )

    @property
    def is_ambiguous(self) -> bool:
        """True if the local time occurs twice that day, so that `fold` has to be chosen."""
        try:
            day = self.fields["date"].to_python(self["date"].value())
            clock = self.fields["time"].to_python(self["time"].value())
        except forms.ValidationError:
            return False
        if day is None or clock is None:
            return False
        return is_ambiguous(datetime.combine(day, clock, self.zone))

    def get_values(self) -> dict[str, Any]:
        """All fields, as arguments for `schedule_lesson`."""
        return {
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
            "title": self.cleaned_data["title"],
            "classroom_id": self.cleaned_data.get("classroom") or None,
            "allow_overlap": self.cleaned_data["allow_overlap"],
        }

    def get_changes(self) -> dict[str, Any]:
        """The changed fields, as arguments for `reschedule_lesson`."""
        changed: dict[str, Any] = {}
        if "title" in self.changed_data:
            changed["title"] = self.cleaned_data["title"]
        if self._has_moved:
            changed["starts_at"] = self.starts_at
        if self._has_moved or "minutes" in self.changed_data:
            changed["ends_at"] = self.ends_at
        return changed

    @property
    def changes_series(self) -> bool:
        return changes_series(self.cleaned_data)

    def get_wanted(self) -> Wanted:
        allow_overlap = self.cleaned_data["allow_overlap"]
        return Wanted(allow_overlap=allow_overlap, **self.get_changes())

    def get_query(self) -> dict[str, str]:
        """For the page that shows the change of several lessons."""
        assert self.lesson is not None  # noqa: S101 -- for the type checker
        changed = {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in self.get_changes().items()
        }
        version = self.lesson.get_version()
        return {
            "action": "update",
            "scope": self.cleaned_data["scope"],
            "version": version,
        } | changed

    @property
    def _has_moved(self) -> bool:
        return not {"date", "time", "fold"}.isdisjoint(self.changed_data)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if {"date", "time", "fold", "minutes"} <= data.keys():
            start = self._resolve_start(data)
            if start is None:
                message = _("The clocks go forward that day and skip this time. Choose another.")
                self.add_error("time", forms.ValidationError(message, code="skipped"))
            else:
                self.starts_at = start
                self.ends_at = start + self._resolve_duration(data)
        return data

    def _resolve_start(self, data: dict[str, Any]) -> datetime | None:
        if self.lesson is not None and not self._has_moved:
            return self.lesson.starts_at
        return local_to_utc(data["date"], data["time"], self.zone, fold=data["fold"])

    def _resolve_duration(self, data: dict[str, Any]) -> timedelta:
        if self.lesson is not None and "minutes" not in self.changed_data:
            return self.lesson.ends_at - self.lesson.starts_at
        return timedelta(minutes=data["minutes"])

    def clean_date(self) -> Any:
        day = self.cleaned_data["date"]
        if not 2000 <= day.year < 2200:
            raise forms.ValidationError(_("The year must be between 2000 and 2199."))
        return day


class CancelForm(forms.Form):
    scope = ScopeField()
    reason = TextField(
        label=_("Reason"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The student will see it."),
    )

    def __init__(self, *args: Any, lesson: Lesson, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if lesson.series_id is None:
            del self.fields["scope"]

    @property
    def changes_series(self) -> bool:
        return changes_series(self.cleaned_data)

    def get_query(self) -> dict[str, str]:
        """For the page that shows the change of several lessons."""
        return {"action": "cancel", **self.cleaned_data}


class OwnCancelForm(forms.Form):
    """A student cancels. `shown` is the percentage that the page had shown."""

    data: Any

    no_fault = OneOfField(
        label=_("Is it for one of these reasons? Then it costs nothing."),
        widget=forms.RadioSelect,
        required=False,
        initial="",
    )
    reason = TextField(
        label=_("Message to your tutor"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    shown = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, terms: LessonTerms, **kwargs: Any) -> None:
        self.percent = terms.terms.charge_percent
        kwargs["initial"] = {"shown": self.percent, "no_fault": ""}
        super().__init__(*args, **kwargs)
        reasons = [each for each in NoFault.choices if each[0] in terms.policy.no_fault_reasons]
        if reasons and terms.terms.is_late:
            self.fields["no_fault"].choices = [("", _("none of these")), *reasons]  # type: ignore[attr-defined]
        else:
            del self.fields["no_fault"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("no_fault") and self.percent > (data.get("shown") or 0):
            self.data = {**self.data.dict(), "shown": str(self.percent)}
            self.add_error(None, _("It costs more now than when you opened the page. Read again."))
        return data

    def get_values(self) -> dict[str, str]:
        """As `cancel_as_student` takes them."""
        data = self.cleaned_data
        return {"reason": data["reason"], "no_fault": data.get("no_fault", "")}


class WaiveForm(forms.Form):
    note = TextField(label=_("Note for the student"), max_length=500)


class InviteLinkForm(forms.Form):
    ttl_seconds = OneOfField(
        label=_("The link works"),
        coerce=int,
        initial=UNTIL_LESSON_ENDS,
        choices=[
            (UNTIL_LESSON_ENDS, _("until the lesson has ended")),
            (3600, _("an hour")),
            (86400, _("a day")),
            (7 * 86400, _("a week")),
            (30 * 86400, _("30 days")),
        ],
    )

    def make_invite(self, lesson: Lesson, now: datetime) -> Invite:
        """Raises `lesson_cancelled`."""
        seconds = int(self.cleaned_data["ttl_seconds"])
        if seconds == UNTIL_LESSON_ENDS:
            return make_invite_until_end(lesson=lesson)
        return make_invite(lesson=lesson, ttl_seconds=seconds, now=now)
