import re
from collections import defaultdict
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.booking.availability import AvailabilityPlan, Windows
from apps.booking.models import MAX_URL
from apps.booking.models import availability as limits
from apps.common.openapi import example
from apps.common.parsing import (
    InstantField,
    OneOfField,
    StrictBooleanField,
    StrictIntegerField,
    TextField,
)
from apps.lessons.api.series_serializers import DocumentedDayField, TimeZoneNameField
from apps.lessons.models import MAX_DURATION, MIN_DURATION

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00", re.ASCII)
_MINUTE = 60
SHORTEST, LONGEST = (int(d.total_seconds() // _MINUTE) for d in (MIN_DURATION, MAX_DURATION))
AVAILABILITY: dict[str, Any] = {
    "timezone": "Europe/Kyiv",
    "weekly": [{"weekday": "MO", "from": "15:00", "to": "20:00"}],
    "exceptions": [
        {"date": "2026-12-24", "closed": True},
        {"date": "2026-12-26", "windows": [{"from": "10:00", "to": "13:00"}]},
    ],
    "lesson_minutes": [60],
    "buffer_minutes": 10,
    "minimum_notice_minutes": 720,
    "booking_window_days": 30,
    "requires_confirmation": False,
}
SLOT = {"starts_at": "2026-11-30T13:00:00Z", "ends_at": "2026-11-30T14:00:00Z"}


@extend_schema_field({"type": "string", "pattern": r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$"})
class ClockMinuteField(serializers.Field[int, Any, str, Any]):
    """A time such as 15:00 as minutes from midnight; 24:00 is the end of the day."""

    default_error_messages = {"invalid": gettext_lazy("Enter a time from 00:00 to 24:00.")}

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, str) or not _CLOCK.fullmatch(data):
            self.fail("invalid")
        hours, minutes = data.split(":")
        return int(hours) * _MINUTE + int(minutes)

    def to_representation(self, value: int) -> str:
        return format_minute(value)


def format_minute(minute: int) -> str:
    return f"{minute // _MINUTE:02}:{minute % _MINUTE:02}"


class RowsSerializer(serializers.ListSerializer[Any]):
    """A list that may be null, of rows that may not: `many=True` passes `allow_null` to both."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        assert self.child is not None  # noqa: S101
        self.child.allow_null = False


class WindowSerializer(serializers.Serializer[Any]):
    class Meta:
        list_serializer_class = RowsSerializer

    to = ClockMinuteField(help_text="24:00 is the end of the day.")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {"from": ClockMinuteField(), **super().get_fields()}  # a keyword of Python

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if data["from"] >= data["to"]:
            raise serializers.ValidationError({"to": _("Must be after “from”.")})
        return data


class WeeklyWindowSerializer(WindowSerializer):
    weekday = OneOfField(choices=WEEKDAYS)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        return {name: fields[name] for name in ("weekday", "from", "to")}


class DateExceptionSerializer(serializers.Serializer[Any]):
    class Meta:
        list_serializer_class = RowsSerializer

    date = DocumentedDayField()
    closed = StrictBooleanField(
        required=False, allow_null=True, help_text="True: no lessons on this date."
    )
    windows = WindowSerializer(  # type: ignore[call-arg]
        many=True,
        required=False,
        allow_null=True,
        max_length=limits.MAX_WINDOWS,
        help_text="Instead of those of the weekday; not together with `closed`.",
    )

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        is_closed, windows = bool(data.get("closed")), data.get("windows")
        if (is_closed and windows) or (not is_closed and windows is None):
            raise serializers.ValidationError(
                {"windows": _("Send either closed or windows, not both.")}
            )
        return {"date": data["date"], "windows": windows or []}


@example(AVAILABILITY)
class AvailabilitySerializer(serializers.Serializer[Any]):
    timezone = TimeZoneNameField(
        required=False, allow_null=True, help_text="Of all clock times; by default the tutor's."
    )
    weekly = WeeklyWindowSerializer(  # type: ignore[call-arg]
        many=True, required=False, allow_null=True, max_length=limits.MAX_WINDOWS
    )
    exceptions = DateExceptionSerializer(  # type: ignore[call-arg]
        many=True,
        required=False,
        allow_null=True,
        max_length=limits.MAX_EXCEPTIONS,
        help_text="Dates that are closed or have windows of their own.",
    )
    lesson_minutes = serializers.ListField(
        child=StrictIntegerField(min_value=SHORTEST, max_value=LONGEST),
        required=False,
        allow_null=True,
        min_length=1,
        max_length=limits.MAX_LENGTHS,
        help_text="The lengths that can be booked; the first is the default.",
    )
    buffer_minutes = StrictIntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=limits.MAX_BUFFER,
        help_text="The break before and after each lesson of the tutor.",
    )
    minimum_notice_minutes = StrictIntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=limits.MAX_NOTICE,
        help_text="How long before its start a lesson can be booked.",
    )
    booking_window_days = StrictIntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=limits.MAX_WINDOW_DAYS,
        help_text="How many days ahead a lesson can be booked.",
    )
    requires_confirmation = StrictBooleanField(
        required=False,
        allow_null=True,
        help_text="True: what a student books is `requested` until the tutor confirms it.",
    )

    def validate_lesson_minutes(self, lengths: list[int]) -> list[int]:
        if len(set(lengths)) < len(lengths):
            raise serializers.ValidationError(_("Name each length once."))
        return lengths

    def validate_exceptions(self, exceptions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len({each["date"] for each in exceptions}) < len(exceptions):
            raise serializers.ValidationError(_("Name each date once."))
        return exceptions


def to_plan(fields: dict[str, Any], default_zone: str) -> AvailabilityPlan:
    """What was left out takes its default, since the whole is replaced."""
    weekly: Windows = defaultdict(list)
    for each in fields.get("weekly", ()):
        weekly[WEEKDAYS.index(each["weekday"])].append((each["from"], each["to"]))
    exceptions: Windows = {
        each["date"]: [(window["from"], window["to"]) for window in each["windows"]]
        for each in fields.get("exceptions", ())
    }
    return AvailabilityPlan(
        timezone=fields.get("timezone", default_zone),
        weekly=weekly,
        exceptions=exceptions,
        lesson_minutes=fields.get("lesson_minutes", limits.default_lesson_minutes()),
        settings={
            "buffer_minutes": fields.get("buffer_minutes", 0),
            "minimum_notice_minutes": fields.get("minimum_notice_minutes", limits.DEFAULT_NOTICE),
            "booking_window_days": fields.get("booking_window_days", limits.DEFAULT_WINDOW_DAYS),
            "requires_confirmation": fields.get("requires_confirmation", False),
        },
    )


CALENDAR: dict[str, Any] = {
    "id": 2,
    "name": "Google",
    "url": "https://calendar.example/private/basic.ics",
    "refreshed_at": "2026-11-29T10:00:00Z",
    "events": 214,
    "error": None,
}


@example({"name": "Google", "url": CALENDAR["url"]})
class ExternalCalendarCreateSerializer(serializers.Serializer[Any]):
    name = TextField(max_length=100)
    url = TextField(max_length=MAX_URL, help_text="https, on the public internet; a secret.")


class ExternalCalendarUploadSerializer(serializers.Serializer[Any]):
    name = TextField(max_length=100, required=False, help_text="By default that of the file.")
    file = serializers.FileField(help_text="An .ics file, at most 5 MiB.")


@example(CALENDAR)
class ExternalCalendarSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    url = serializers.CharField(allow_null=True, help_text="Null for an uploaded file.")
    refreshed_at = serializers.DateTimeField(
        allow_null=True, help_text="When it was last read; null if it never was."
    )
    events = serializers.IntegerField()
    error = serializers.CharField(
        allow_null=True, help_text="A sentence on why it could not be read the last time."
    )


@example({"results": [CALENDAR]})
class ExternalCalendarListSerializer(serializers.Serializer[Any]):
    results = ExternalCalendarSerializer(many=True)


class SlotSerializer(serializers.Serializer[Any]):
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


@example({"results": [SLOT]})
class SlotListSerializer(serializers.Serializer[Any]):
    results = SlotSerializer(many=True)


@example({"reason": "I am at a conference."})
class LessonDeclineSerializer(serializers.Serializer[Any]):
    reason = TextField(
        required=False, allow_null=True, allow_blank=True, max_length=500, multiline=True
    )


@example({"starts_at": "2026-11-30T13:00:00Z", "minutes": 60})
class BookingCreateSerializer(serializers.Serializer[Any]):
    starts_at = InstantField()
    minutes = StrictIntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=LONGEST,
        help_text="One of the tutor's `lesson_minutes`; by default the first.",
    )
