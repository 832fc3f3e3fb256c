"""Forms of a tutor's availability. Clock times are minutes of the day in what they produce."""

from datetime import date, time
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.booking.availability import Windows
from apps.booking.models import Availability
from apps.booking.models.availability import MAX_NOTICE, MAX_WINDOW_DAYS, MAX_WINDOWS
from apps.booking.slots import Minutes
from apps.common.zones import known_time_zones
from apps.web.shared.durations import MINUTES, minutes_label

BUFFERS = (0, 5, 10, 15, 20, 30, 45, 60, 90, 120)
HOUR, DAY = 60, 24 * 60
NOTICES = (0, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 12 * HOUR, DAY, 2 * DAY, 3 * DAY, 7 * DAY)
LENGTHS = tuple(each for each in MINUTES if 30 <= each <= 120)

FROM, UNTIL = gettext_lazy("From"), gettext_lazy("Until")


def _time_field(label: Any) -> forms.TimeField:
    widget = forms.TimeInput({"type": "time"}, "%H:%M")
    return forms.TimeField(label=label, required=False, widget=widget)


def _choices(offered: tuple[int, ...], current: int) -> list[tuple[int, str]]:
    """One set by the API may not be among those offered."""
    return [
        (each, minutes_label(each) if each else _("none")) for each in sorted({*offered, current})
    ]


def to_clock(minute: int) -> time:
    return time(minute // HOUR % 24, minute % HOUR)


def to_window(begins: time | None, ends: time | None) -> Minutes | None:
    """None if both are left empty; an end at midnight is the end of the day. Raises Django's
    ValidationError."""
    if begins is None and ends is None:
        return None
    if begins is None or ends is None:
        raise forms.ValidationError(_("Enter both times, or leave both empty."))
    start, end = (each.hour * HOUR + each.minute for each in (begins, ends))
    return start, end or DAY


class WeekForm(forms.Form):
    """The windows of each weekday, with an empty one after them."""

    def __init__(self, data: Any, weekly: Windows) -> None:
        super().__init__(data)
        self.rows: dict[int, int] = {}
        for day in range(7):
            windows = weekly.get(day, [])
            self.rows[day] = self._count_rows(day, len(windows))
            for number in range(self.rows[day]):
                known = windows[number] if number < len(windows) else (None, None)
                for end, minute in zip(("from", "to"), known, strict=True):
                    field = _time_field(
                        gettext_lazy("From") if end == "from" else gettext_lazy("to")
                    )
                    field.initial = None if minute is None else to_clock(minute)
                    self.fields[f"{end}_{day}_{number}"] = field

    def _count_rows(self, day: int, known: int) -> int:
        """As many as were sent, if any were."""
        sent = sum(f"from_{day}_{number}" in self.data for number in range(MAX_WINDOWS))
        return sent or known + 1

    @property
    def days(self) -> list[tuple[str, list[tuple[forms.BoundField, forms.BoundField]]]]:
        return [
            (
                str(WEEKDAYS[day]),
                [(self[f"from_{day}_{n}"], self[f"to_{day}_{n}"]) for n in range(count)],
            )
            for day, count in self.rows.items()
        ]

    def clean(self) -> dict[str, Any]:
        self.weekly: Windows = {}
        for day, count in self.rows.items():
            for number in range(count):
                names = f"from_{day}_{number}", f"to_{day}_{number}"
                self._clean_window(day, *names)
        return self.cleaned_data

    def _clean_window(self, day: int, begins: str, ends: str) -> None:
        if begins in self.errors or ends in self.errors:
            return
        try:
            window = to_window(self.cleaned_data[begins], self.cleaned_data[ends])
        except forms.ValidationError as exc:
            self.add_error(ends, exc)
            return
        if window is None:
            return
        windows = self.weekly.setdefault(day, [])
        if window[0] >= window[1]:
            self.add_error(ends, _("A window must end after it starts."))
        elif any(window[0] < end and start < window[1] for start, end in windows):
            self.add_error(ends, _("Windows of one day must not overlap."))
        windows.append(window)


class RulesForm(forms.Form):
    timezone = forms.CharField(label=gettext_lazy("Time zone"))
    lesson_minutes = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Lengths of lessons"), coerce=int, widget=forms.CheckboxSelectMultiple
    )
    buffer_minutes = forms.TypedChoiceField(label=gettext_lazy("Break between lessons"), coerce=int)
    minimum_notice_minutes = forms.TypedChoiceField(
        label=gettext_lazy("Shortest notice"), coerce=int
    )
    booking_window_days = forms.IntegerField(
        label=gettext_lazy("Days ahead that can be booked"), min_value=1, max_value=MAX_WINDOW_DAYS
    )
    requires_confirmation = forms.BooleanField(
        label=gettext_lazy("I confirm each lesson"), required=False
    )

    def __init__(self, data: Any, current: Availability) -> None:
        names = tuple(self.base_fields)
        super().__init__(data, initial={name: getattr(current, name) for name in names})
        self.current = current
        fields: Any = self.fields
        lengths = sorted({*LENGTHS, *current.lesson_minutes})
        fields["lesson_minutes"].choices = [(each, minutes_label(each)) for each in lengths]
        fields["buffer_minutes"].choices = _choices(BUFFERS, current.buffer_minutes)
        notice = min(current.minimum_notice_minutes, MAX_NOTICE)
        fields["minimum_notice_minutes"].choices = _choices(NOTICES, notice)

    def clean_timezone(self) -> str:
        name: str = self.cleaned_data["timezone"]
        if name not in known_time_zones():
            raise forms.ValidationError(_("Choose a time zone of the list."))
        return name

    def clean_lesson_minutes(self) -> list[int]:
        """What was the default length stays it, if it is still offered."""
        chosen: list[int] = self.cleaned_data["lesson_minutes"]
        kept = [each for each in self.current.lesson_minutes if each in chosen]
        return kept + sorted(set(chosen) - set(kept))


class DateForm(forms.Form):
    """A date without lessons, or with hours of its own."""

    date = forms.DateField(
        label=gettext_lazy("Date"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    begins = _time_field(FROM)
    ends = _time_field(UNTIL)

    def clean(self) -> dict[str, Any]:
        if not self.errors:
            try:
                self.window = to_window(self.cleaned_data["begins"], self.cleaned_data["ends"])
            except forms.ValidationError as exc:
                self.add_error("ends", exc)
        return self.cleaned_data

    def add_to(self, exceptions: Windows) -> Windows:
        """Another window of the date, or none at all."""
        day: date = self.cleaned_data["date"]
        windows = [] if self.window is None else [*exceptions.get(day, []), self.window]
        return {**exceptions, day: windows}
