from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.common.forms import OneOfField, TextField
from apps.common.zones import comes_twice
from apps.lessons.models import Lesson
from apps.web.forms.optimistic import OptimisticForm
from apps.web.local_time import local_to_utc

MINUTES = (15, 20, 30, 40, 45, 50, 60, 75, 90, 105, 120, 150, 180, 240, 300, 360, 480, 720)
DEFAULT_MINUTES = 60


def minutes_label(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    parts = [ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}] if hours else []
    if rest or not hours:
        parts.append(ngettext("%(n)s minute", "%(n)s minutes", rest) % {"n": rest})
    return " ".join(parts)


def _shown(lesson: Lesson, zone: ZoneInfo) -> dict[str, Any]:
    local = lesson.starts_at.astimezone(zone)
    return {
        "title": lesson.title,
        "date": local.date(),
        "time": f"{local:%H:%M}",
        "fold": local.fold,
        "minutes": int((lesson.ends_at - lesson.starts_at).total_seconds() // 60),
    }


class LessonForm(OptimisticForm, forms.Form):
    """A lesson's time by the tutor's clock. After a clean run `starts_at` and `ends_at` hold it in
    UTC. Of a `lesson` that exists, a time that nobody touched stays the instant that it is: its
    clock time may come twice that day, or hide seconds."""

    title = TextField(label=_("Title"), max_length=200, required=False)
    date = forms.DateField(
        label=_("Date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    time = forms.TimeField(
        label=_("Starts"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    fold = OneOfField(
        label=_("The clock shows this time twice that day"),
        coerce=int,
        choices=[(0, _("the first time")), (1, _("the second time, an hour later"))],
    )
    minutes = OneOfField(label=_("Lasts"), coerce=int)
    classroom = OneOfField(label=_("Classroom"), coerce=int, required=False)
    allow_overlap = forms.BooleanField(label=_("Schedule anyway"), required=False)
    once = forms.CharField(max_length=50, required=False, widget=forms.HiddenInput)

    together = (("date", "time", "fold", "minutes"),)
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
            kwargs["initial"] = _shown(lesson, zone)
        super().__init__(*args, **kwargs)
        own = self.initial.get("minutes", DEFAULT_MINUTES)
        lengths = sorted({*MINUTES, own})
        self.fields["minutes"].choices = [(n, minutes_label(n)) for n in lengths]  # type: ignore[attr-defined]
        if classrooms and len(classrooms) > 1:
            self.fields["classroom"].choices = classrooms  # type: ignore[attr-defined]
        else:
            del self.fields["classroom"]

        if self.is_bound:
            # The first, or for a client that knows of no second time the one where the lesson is.
            self.data.setdefault("fold", self.data.get(self["fold"].html_initial_name, "0"))

    def _tracked(self) -> list[str]:
        return list(self.initial) if self.lesson is not None else []

    @property
    def clashes(self) -> bool:
        """Whether to offer “schedule anyway”: only once the time has been refused."""
        return self.has_error("__all__", "lesson_conflict") or bool(
            self.is_bound and self.data.get("allow_overlap")
        )

    @property
    def comes_twice(self) -> bool:
        """Whether the clock shows the time in the form twice, so that `fold` is asked for."""
        try:
            day = self.fields["date"].to_python(self["date"].value())
            clock = self.fields["time"].to_python(self["time"].value())
        except forms.ValidationError:
            return False
        if day is None or clock is None:
            return False
        return comes_twice(datetime.combine(day, clock, self.zone))

    def changes(self) -> dict[str, Any]:
        """What this person changed of the lesson, as `reschedule_lesson` takes it."""
        changed: dict[str, Any] = {}
        if "title" in self.changed_data:
            changed["title"] = self.cleaned_data["title"]
        if self._moves:
            changed["starts_at"] = self.starts_at
        if self._moves or "minutes" in self.changed_data:
            changed["ends_at"] = self.ends_at
        return changed

    @property
    def _moves(self) -> bool:
        return not {"date", "time", "fold"}.isdisjoint(self.changed_data)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if {"date", "time", "fold", "minutes"} <= data.keys():
            start = self._start(data)
            if start is None:
                message = _("The clock skips this time that day. Choose another.")
                self.add_error("time", forms.ValidationError(message, code="skipped"))
            else:
                self.starts_at = start
                self.ends_at = start + self._length(data)
        return data

    def _start(self, data: dict[str, Any]) -> datetime | None:
        if self.lesson is not None and not self._moves:
            return self.lesson.starts_at
        return local_to_utc(data["date"], data["time"], self.zone, fold=data["fold"])

    def _length(self, data: dict[str, Any]) -> timedelta:
        if self.lesson is not None and "minutes" not in self.changed_data:
            return self.lesson.ends_at - self.lesson.starts_at
        return timedelta(minutes=data["minutes"])

    def clean_date(self) -> Any:
        day = self.cleaned_data["date"]
        if not 2000 <= day.year < 2200:
            raise forms.ValidationError(_("The year must lie between 2000 and 2199."))
        return day


class CancelForm(forms.Form):
    reason = TextField(
        label=_("Reason"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The student will read it."),
    )


class InviteLinkForm(forms.Form):
    ttl_seconds = OneOfField(
        label=_("Works for"),
        coerce=int,
        initial=86400,
        choices=[
            (3600, _("an hour")),
            (86400, _("a day")),
            (7 * 86400, _("a week")),
            (30 * 86400, _("30 days")),
        ],
    )
