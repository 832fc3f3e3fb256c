"""The form of a new series, and what the tutor chose for single dates of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from dateutil.rrule import MO
from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.dateparse import parse_date, parse_time
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.common.forms import OneOfField, TextField
from apps.common.parsing import EARLIEST, LATEST
from apps.lessons.models import LessonSeries
from apps.lessons.series.planning import Choices
from apps.lessons.series.rules import MAX_OCCURRENCES, Rule, parse_rule
from apps.lessons.series.services import SeriesPlan
from apps.web.shared.durations import DEFAULT_MINUTES, MINUTES, minutes_label
from apps.web.shared.repeats import REPEATS
from apps.web.shared.rule_words import describe_rule

WEEKDAY_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_RULES = {
    "weekly": "FREQ=WEEKLY",
    "two-weeks": "FREQ=WEEKLY;INTERVAL=2",
    "monthly": "FREQ=MONTHLY",
}


KEEP = "keep"


@dataclass(frozen=True, slots=True)
class KeptRule:
    """A rule without its end, and the same in words."""

    rule: Rule
    words: str


BOARD_MODES = LessonSeries.BoardMode.choices[::-1]


class BoardForm(forms.Form):
    board_mode = OneOfField(label=_("Board"), choices=BOARD_MODES)


class SeriesForm(forms.Form):
    """A series by its first date, its time in the tutor's time zone, its days and its end."""

    title = TextField(label=_("Title"), max_length=200, required=False)
    date = forms.DateField(
        label=_("First lesson"),
        validators=[MinValueValidator(EARLIEST.date()), MaxValueValidator(LATEST.date())],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    time = forms.TimeField(
        label=_("Starts"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    minutes = OneOfField(label=_("Duration"), coerce=int)
    repeat = OneOfField(label=_("Repeats"), choices=REPEATS)
    weekdays = forms.MultipleChoiceField(
        label=_("Days"),
        required=False,
        choices=[(code, WEEKDAYS_ABBR[number]) for number, code in enumerate(WEEKDAY_CODES)],
        widget=forms.CheckboxSelectMultiple,
    )
    ends = OneOfField(
        label=_("Ends"),
        choices=[
            ("until", _("on a date")),
            ("count", _("after a number of lessons")),
            ("never", _("never")),
        ],
    )
    until = forms.DateField(
        label=_("Last date"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    count = forms.IntegerField(
        label=_("Lessons"), required=False, min_value=1, max_value=MAX_OCCURRENCES
    )
    board_mode = OneOfField(label=_("Board"), choices=BOARD_MODES)
    once = forms.CharField(max_length=50, required=False, widget=forms.HiddenInput)

    def __init__(self, sent: Any, *, kept: KeptRule | None = None) -> None:
        """`kept` is a rule that only the choice to keep it can say."""
        super().__init__(sent)
        self.kept = kept
        if kept is not None:
            self.fields["repeat"].choices = [(KEEP, kept.words), *REPEATS]  # type: ignore[attr-defined]
        current = parse_minutes(sent.get("minutes", ""))
        options = sorted({*MINUTES, current} if current else MINUTES)
        self.fields["minutes"].choices = [(n, minutes_label(n)) for n in options]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("ends") == "until" and not data.get("until") and "until" not in self.errors:
            self.add_error("until", _("Choose the last date."))
        if data.get("ends") == "count" and not data.get("count") and "count" not in self.errors:
            self.add_error("count", _("Enter the number of lessons."))
        return data

    def get_rrule(self) -> str:
        data = self.cleaned_data
        parts = [self._base_rule()]
        if data["repeat"] in ("weekly", "two-weeks"):
            days = data["weekdays"] or [WEEKDAY_CODES[data["date"].weekday()]]
            parts.append("BYDAY=" + ",".join(days))
        if data["ends"] == "until":
            parts.append(f"UNTIL={data['until']:%Y%m%d}")
        elif data["ends"] == "count":
            parts.append(f"COUNT={data['count']}")
        return ";".join(parts)

    def _base_rule(self) -> str:
        if self.kept is not None and self.cleaned_data["repeat"] == KEEP:
            return str(self.kept.rule)
        return _RULES[self.cleaned_data["repeat"]]

    def get_plan(
        self,
        tutor: User,
        student_ids: list[int],
        choices: "DateChoices",
        lesson_ids: Sequence[int] = (),
    ) -> SeriesPlan:
        data = self.cleaned_data
        return SeriesPlan(
            student_ids=student_ids,
            starts_at=datetime.combine(data["date"], data["time"]),
            duration_minutes=data["minutes"],
            rrule=self.get_rrule(),
            timezone=tutor.timezone,
            title=data["title"],
            choices=choices.as_choices(),
            board_mode=data["board_mode"],
            lesson_ids=lesson_ids,
        )

    def get_fingerprint(self) -> str:
        """Changes with everything that the list of dates depends on."""
        data = self.cleaned_data
        return f"{data['date']} {data['time']:%H:%M} {data['minutes']} {self.get_rrule()}"


REMEMBERED = ("ends", "until", "count", "board_mode")
"""Fields whose last values are proposed for the next series."""


def default_values(first: datetime) -> dict[str, str]:
    """Weekly lessons until the end of the school year, in May."""
    year = first.year if first.month < 5 else first.year + 1
    return {
        "date": f"{first:%Y-%m-%d}",
        "time": f"{first:%H:%M}",
        "minutes": str(DEFAULT_MINUTES),
        "repeat": "weekly",
        "ends": "until",
        "until": f"{year}-05-31",
        "board_mode": LessonSeries.BoardMode.FRESH.value,
    }


def find_repeat(series: LessonSeries) -> str:
    """The choice that says the series' rule; KEEP if none of the others does, or "" if no rule says
    it, since its lessons were moved by days."""
    rule = parse_rule(series.rrule)
    if series.day_shift:
        return ""
    if rule.freq == "WEEKLY" and not rule.numbers and rule.wkst == MO:
        return {1: "weekly", 2: "two-weeks"}.get(rule.interval, KEEP)
    is_plain = rule.freq == "MONTHLY" and not rule.byday and not rule.numbers
    return "monthly" if is_plain and rule.interval == 1 else KEEP


def find_kept_rule(series: LessonSeries) -> KeptRule | None:
    """None for a rule that the form can say, or that no rule says."""
    if find_repeat(series) != KEEP:
        return None
    rule = parse_rule(series.rrule).ending_on(None)
    return KeptRule(rule, describe_rule(str(rule)))


def values_of(series: LessonSeries, first: date) -> dict[str, str | list[str]]:
    """A series as it is, from a date on."""
    rule = parse_rule(series.rrule)
    return {
        "title": series.title,
        "date": f"{first:%Y-%m-%d}",
        "time": f"{series.start_time:%H:%M}",
        "minutes": str(series.duration_minutes),
        "repeat": find_repeat(series),
        "weekdays": [str(day) for day in rule.byday] if rule.freq == "WEEKLY" else [],
        "ends": "until" if series.ends_on else "never",
        "until": f"{series.ends_on:%Y-%m-%d}" if series.ends_on else "",
        "board_mode": series.board_mode,
    }


class DateChoices:
    """The tutor's choice per date of the rule: keep (absent), skip, move or allow."""

    def __init__(self, sent: Mapping[str, str]) -> None:
        self.actions: dict[date, str] = {}
        self.moved_to: dict[date, datetime] = {}
        self.invalid: set[date] = set()  # to be moved, without a date or time to move to
        for name, action in sent.items():
            day = parse_date_or_none(name.removeprefix("choice-"))
            if name.startswith("choice-") and day is not None and action in _ACTIONS:
                self.actions[day] = action
                if action == "move":
                    self._read_move(day, sent)

    def _read_move(self, day: date, sent: Mapping[str, str]) -> None:
        to = parse_date_or_none(sent.get(f"move-date-{day}", ""))
        at = parse_time_or_none(sent.get(f"move-time-{day}", ""))
        if to is None or at is None or abs(to - day) > timedelta(days=366):
            self.invalid.add(day)
        else:
            self.moved_to[day] = datetime.combine(to, at)

    def keep_only(self, days: set[date]) -> None:
        """Forget the dates that the rule no longer has."""
        self.actions = {day: action for day, action in self.actions.items() if day in days}
        self.moved_to = {day: to for day, to in self.moved_to.items() if day in days}
        self.invalid &= days

    def as_sorted(self) -> list[tuple[date, str, datetime | None]]:
        """Every choice, for comparing two requests."""
        return sorted((day, action, self.moved_to.get(day)) for day, action in self.actions.items())

    @property
    def skipped(self) -> list[date]:
        return [day for day, action in self.actions.items() if action == "skip"]

    def as_choices(self) -> Choices:
        allowed = frozenset(day for day, action in self.actions.items() if action == "allow")
        return Choices(self.moved_to, allowed)


_ACTIONS = ("skip", "move", "allow")


def parse_date_or_none(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def parse_minutes(text: str) -> int | None:
    """A duration that a series may have, also one that the forms do not offer."""
    return int(text) if text.isascii() and text.isdigit() and 5 <= int(text[:4]) <= 720 else None


def parse_time_or_none(text: str) -> Any:
    try:
        return parse_time(text)
    except ValueError:
        return None
