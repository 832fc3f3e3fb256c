from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.web.clocks import instant_at

MINUTES = (15, 20, 30, 40, 45, 50, 60, 75, 90, 105, 120, 150, 180, 240, 300, 360, 480, 720)
DEFAULT_MINUTES = 60


def minutes_label(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    parts = [ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}] if hours else []
    if rest or not hours:
        parts.append(ngettext("%(n)s minute", "%(n)s minutes", rest) % {"n": rest})
    return " ".join(parts)


class LessonForm(forms.Form):
    """A lesson's time by the tutor's clock. After a clean run `starts_at` and `ends_at` hold it in
    UTC."""

    title = forms.CharField(label=_("Title"), max_length=200, required=False)
    date = forms.DateField(
        label=_("Date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    time = forms.TimeField(
        label=_("Starts"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    minutes = forms.TypedChoiceField(label=_("Lasts"), coerce=int)
    classroom = forms.TypedChoiceField(label=_("Classroom"), coerce=int, required=False)
    allow_overlap = forms.BooleanField(label=_("Schedule anyway"), required=False)
    once = forms.CharField(max_length=50, required=False, widget=forms.HiddenInput)

    starts_at: datetime
    ends_at: datetime

    def __init__(
        self,
        *args: Any,
        zone: ZoneInfo,
        classrooms: list[tuple[int, str]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone
        own = self.initial.get("minutes", DEFAULT_MINUTES)
        lengths = sorted({*MINUTES, own})
        self.fields["minutes"].choices = [(n, minutes_label(n)) for n in lengths]  # type: ignore[attr-defined]
        if classrooms and len(classrooms) > 1:
            self.fields["classroom"].choices = classrooms  # type: ignore[attr-defined]
        else:
            del self.fields["classroom"]

    @property
    def clashes(self) -> bool:
        """Whether to offer “schedule anyway”: only once the time has been refused."""
        return self.has_error("__all__", "lesson_conflict") or bool(
            self.is_bound and self.data.get("allow_overlap")
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if {"date", "time", "minutes"} <= data.keys():
            start = instant_at(data["date"], data["time"], self.zone)
            if start is None:
                message = _("The clock skips this time that day. Choose another.")
                self.add_error("time", forms.ValidationError(message, code="skipped"))
            else:
                self.starts_at = start
                self.ends_at = start + timedelta(minutes=data["minutes"])
        return data

    def clean_date(self) -> Any:
        day = self.cleaned_data["date"]
        if not 2000 <= day.year < 2200:
            raise forms.ValidationError(_("The year must lie between 2000 and 2199."))
        return day


class CancelForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The student will read it."),
    )


class InviteLinkForm(forms.Form):
    ttl_seconds = forms.TypedChoiceField(
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
