from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.common.openapi import example
from apps.common.parsing import (
    DayField,
    IdField,
    LocalTimeField,
    OneOfField,
    StrictIntegerField,
    TextField,
)
from apps.common.zones import canonical_zone, validate_time_zone
from apps.lessons.api.serializers import (
    LESSON,
    LessonSerializer,
    PersonSerializer,
    StudentsSerializer,
)
from apps.lessons.models import LessonSeries
from apps.lessons.series.rules import MAX_OCCURRENCES, MAX_TEXT
from apps.lessons.series.services import OnConflict

_BODY = {
    "student_ids": [2, 5],
    "title": "Algebra",
    "starts_at": "2026-10-19T17:00",
    "duration_minutes": 60,
    "rrule": "FREQ=WEEKLY;BYDAY=MO;COUNT=20",
    "timezone": "Europe/Kyiv",
    "skip_dates": ["2026-12-28"],
    "on_conflict": "reject",
}
SERIES = {
    "id": 4,
    "title": "Algebra",
    "rrule": "FREQ=WEEKLY;COUNT=20;BYDAY=MO",
    "timezone": "Europe/Kyiv",
    "starts_at": "2026-10-19T17:00",
    "duration_minutes": 60,
    "students": [
        {"id": 2, "first_name": "Ivan", "last_name": "Melnyk"},
        {"id": 5, "first_name": "Sofiia", "last_name": "Sydorenko"},
    ],
    "skip_dates": ["2026-12-28"],
    "ends_on": "2027-03-01",
    "lessons_count": 19,
    "classroom_id": 3,
    "board_mode": "carried",
    "skipped": [],
}
_LOCAL = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$"}


@extend_schema_field(_LOCAL)
class DocumentedLocalTimeField(LocalTimeField):
    pass


@extend_schema_field({"type": "string", "pattern": r"^\d\d:\d\d$"})
class ClockTimeField(serializers.CharField):
    pass


@extend_schema_field(OpenApiTypes.DATE)
class DocumentedDayField(DayField):
    pass


class TimeZoneNameField(TextField):
    """A known IANA name; the current one, if it is a former name."""

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        try:
            validate_time_zone(name)
        except ValidationError as exc:
            raise serializers.ValidationError(exc.messages) from exc
        return canonical_zone(name)


class MovedSerializer(serializers.Serializer[Any]):
    date = DocumentedDayField(help_text="The local date by the rule.")
    starts_at = DocumentedLocalTimeField(help_text="Where that lesson goes, by the same clock.")


@example(_BODY)
class SeriesCreateSerializer(StudentsSerializer):
    title = TextField(required=False, allow_null=True, allow_blank=True, max_length=200)
    classroom_id = IdField(required=False, allow_null=True)
    starts_at = DocumentedLocalTimeField(
        help_text="The first wall-clock time, without an offset, in `timezone`."
    )
    duration_minutes = StrictIntegerField(min_value=5, max_value=720)
    rrule = TextField(
        max_length=MAX_TEXT,
        help_text="An RFC 5545 RRULE value without DTSTART: FREQ of DAILY, WEEKLY or MONTHLY, with "
        f"INTERVAL, COUNT (at most {MAX_OCCURRENCES}), UNTIL, WKST, BYDAY, BYMONTH, BYMONTHDAY and "
        "BYSETPOS. Without an end, lessons exist 12 months ahead.",
    )
    timezone = TimeZoneNameField(
        required=False, allow_null=True, max_length=64, help_text="IANA; by default the tutor’s."
    )
    skip_dates = serializers.ListField(
        child=DocumentedDayField(),
        required=False,
        allow_null=True,
        max_length=MAX_OCCURRENCES,
        help_text="Local dates on which there is no lesson.",
    )
    on_conflict = OneOfField(
        choices=[each.value for each in OnConflict],
        required=False,
        allow_null=True,
        help_text="`reject` makes nothing if a lesson overlaps another; `skip` makes the others; "
        "`allow` double-books the tutor, but no student of another tutor’s lesson.",
    )
    moved = serializers.ListField(
        child=MovedSerializer(),
        required=False,
        allow_null=True,
        max_length=MAX_OCCURRENCES,
        help_text="Lessons that take place at another time than the rule says.",
    )
    allow_dates = serializers.ListField(
        child=DocumentedDayField(),
        required=False,
        allow_null=True,
        max_length=MAX_OCCURRENCES,
        help_text="Local dates on which the tutor is double-booked knowingly, whatever "
        "`on_conflict` says.",
    )
    lesson_ids = serializers.ListField(
        child=IdField(),
        required=False,
        allow_null=True,
        max_length=MAX_OCCURRENCES,
        help_text="Single lessons of the tutor that become the series’ lessons of their dates; "
        "they keep their times, students, rooms and ids.",
    )
    board_mode = OneOfField(
        choices=LessonSeries.BoardMode.values,
        required=False,
        allow_null=True,
        help_text="Whether a lesson’s board begins as a copy of the last one’s (`carried`), or "
        "empty (`fresh`, the default).",
    )

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        data = super().validate(data)
        if len({each["date"] for each in data.get("moved", ())}) < len(data.get("moved", ())):
            raise serializers.ValidationError({"moved": _("Name each date once.")})
        return data


@example({"from_date": "2026-12-07", **_BODY, "rrule": "FREQ=WEEKLY;BYDAY=TU,FR;COUNT=20"})
class SeriesRestartSerializer(SeriesCreateSerializer):
    from_date = DocumentedDayField(
        help_text="Lessons of the series from this local date on that have not started are "
        "cancelled."
    )


@example({"board_mode": "carried"})
class SeriesUpdateSerializer(serializers.Serializer[Any]):
    board_mode = OneOfField(
        choices=LessonSeries.BoardMode.values,
        required=False,
        allow_null=True,
        help_text="Of the lessons whose rooms have not been opened yet.",
    )


class SkippedSerializer(serializers.Serializer[Any]):
    starts_at = serializers.DateTimeField()
    reason = serializers.CharField()


@example(SERIES)
class SeriesSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    title = serializers.CharField(allow_blank=True)
    rrule = serializers.CharField()
    timezone = serializers.CharField()
    starts_at = DocumentedLocalTimeField(help_text="The first wall-clock time, in `timezone`.")
    duration_minutes = serializers.IntegerField()
    students = PersonSerializer(many=True)
    skip_dates = serializers.ListField(child=serializers.DateField())
    ends_on = serializers.DateField(allow_null=True, help_text="Null: without end.")
    lessons_count = serializers.IntegerField(help_text="Cancelled lessons included.")
    classroom_id = serializers.IntegerField()
    board_mode = serializers.ChoiceField(choices=LessonSeries.BoardMode.values)
    skipped = SkippedSerializer(
        many=True,
        help_text="Lessons by the rule that were not made, with `conflict` as the reason.",
    )


@example({"count": 1, "results": [SERIES]})
class SeriesListSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    results = SeriesSerializer(many=True)


_OCCURRENCE = {"series_id": 4, "original_starts_at": LESSON["starts_at"]}


@example({"count": 19, "results": [{**LESSON, **_OCCURRENCE}]})
class SeriesLessonsSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    results = LessonSerializer(many=True)


class OccurrenceSerializer(serializers.Serializer[Any]):
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    conflict = serializers.CharField(allow_null=True, help_text="What is in the way, in words.")
    original_starts_at = serializers.DateTimeField(help_text="By the rule, before `moved`.")


class ZoneChangeSerializer(serializers.Serializer[Any]):
    student_id = serializers.IntegerField()
    from_date = serializers.DateField()
    local_time_before = ClockTimeField()
    local_time_after = ClockTimeField()
    timezone = serializers.CharField()
    detail = serializers.CharField(help_text="The same in words.")


@example(
    {
        "occurrences": [
            {
                "starts_at": "2026-10-19T14:00:00Z",
                "ends_at": "2026-10-19T15:00:00Z",
                "conflict": None,
                "original_starts_at": "2026-10-19T14:00:00Z",
            }
        ],
        "zone_changes": [
            {
                "student_id": 2,
                "from_date": "2026-10-26",
                "local_time_before": "10:00",
                "local_time_after": "11:00",
                "timezone": "America/Toronto",
                "detail": "From 26 October this is 11:00 instead of 10:00 for Ivan Melnyk "
                "(Toronto).",
            }
        ],
    }
)
class SeriesPreviewSerializer(serializers.Serializer[Any]):
    occurrences = OccurrenceSerializer(many=True)
    zone_changes = ZoneChangeSerializer(many=True)
