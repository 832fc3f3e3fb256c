from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from apps.common.openapi import example
from apps.common.parsing import (
    IdField,
    IdListField,
    InstantField,
    OneOfField,
    StrictBooleanField,
    StrictIntegerField,
    TextField,
)
from apps.lessons.invites import DEFAULT_TTL, MAX_TTL, MIN_TTL
from apps.lessons.models import MAX_STUDENTS, Lesson, Participant
from apps.lessons.participants import OUTCOMES
from apps.lessons.series.scope import Scope

_ROOM = "0b9f5c1e-6a0f-4a58-9d3c-1f6f5f7f2a10"
LESSON: dict[str, Any] = {
    "id": 7,
    "title": "Fractions",
    "starts_at": "2026-03-02T15:00:00Z",
    "ends_at": "2026-03-02T16:00:00Z",
    "status": "scheduled",
    "tutor": {"id": 1, "first_name": "Olena", "last_name": "Koval"},
    "student": {"id": 2, "first_name": "Ivan", "last_name": "Melnyk"},
    "students": [
        {"id": 2, "first_name": "Ivan", "last_name": "Melnyk", "status": "booked"},
        {"id": 5, "first_name": "Sofiia", "last_name": "Sydorenko", "status": "booked"},
    ],
    "classroom_id": 3,
    "session_uuid": _ROOM,
    "series_id": None,
    "original_starts_at": None,
}


def scope_field() -> OneOfField:
    return OneOfField(
        choices=[each.value for each in Scope],
        required=False,
        allow_null=True,
        help_text="Of a lesson in a series: `this` (the default), `following` (this one and those "
        "after it) or `all`. Only lessons that have not started change.",
    )


_TOKEN = "eyJsZXNzb24iOjd9.c2lnbmF0dXJl"  # noqa: S105 -- an example


# No docstring, which OpenAPI would show. Of the two fields `student_ids` is left.
class StudentsSerializer(serializers.Serializer[Any]):
    student_id = IdField(
        required=False, allow_null=True, help_text="The only student; instead of `student_ids`."
    )
    student_ids = IdListField(
        required=False,
        allow_null=True,
        min_length=1,
        max_length=MAX_STUDENTS,
        help_text="Different students, instead of `student_id`: exactly one of the two is needed.",
    )

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if "student_id" not in data and "student_ids" not in data:
            raise serializers.ValidationError({"student_id": _("This field is required.")})
        if "student_id" in data and "student_ids" in data:
            message = _("Send either student_id or student_ids, not both.")
            raise serializers.ValidationError({"student_ids": message})
        ids = [data.pop("student_id")] if "student_id" in data else data["student_ids"]
        if len(set(ids)) < len(ids):
            raise serializers.ValidationError({"student_ids": _("Name each student once.")})
        return {**data, "student_ids": ids}


@example(
    {
        "student_ids": [2, 5],
        "starts_at": "2026-03-02T17:00:00+02:00",
        "ends_at": "2026-03-02T18:00:00+02:00",
        "title": "Fractions",
    }
)
class LessonCreateSerializer(StudentsSerializer):
    starts_at = InstantField()
    ends_at = InstantField()
    title = TextField(required=False, allow_null=True, allow_blank=True, max_length=200)
    classroom_id = IdField(
        required=False,
        allow_null=True,
        help_text="A classroom that tutor and students share; by default the one joined first.",
    )
    allow_overlap = StrictBooleanField(
        required=False,
        allow_null=True,
        help_text="Schedule the lesson even if it overlaps another one.",
    )


@example({"starts_at": "2026-03-03T17:00:00+02:00", "ends_at": "2026-03-03T18:00:00+02:00"})
class LessonUpdateSerializer(serializers.Serializer[Any]):
    title = TextField(required=False, allow_null=True, allow_blank=True, max_length=200)
    starts_at = InstantField(required=False, allow_null=True)
    ends_at = InstantField(required=False, allow_null=True)
    allow_overlap = StrictBooleanField(required=False, allow_null=True)
    expected_starts_at = InstantField(
        required=False,
        allow_null=True,
        help_text="The start that the client last saw: refused with 412 if it has changed since.",
    )
    expected_ends_at = InstantField(required=False, allow_null=True)
    scope = scope_field()
    reset_exceptions = StrictBooleanField(
        required=False,
        allow_null=True,
        help_text="With `following` and `all`: also give up what was changed in single lessons.",
    )


@example({"reason": "The tutor is ill."})
class LessonCancelSerializer(serializers.Serializer[Any]):
    reason = TextField(
        required=False, allow_null=True, allow_blank=True, max_length=500, multiline=True
    )
    scope = scope_field()


@example({"ttl_seconds": 3600})
class InviteCreateSerializer(serializers.Serializer[Any]):
    ttl_seconds = StrictIntegerField(
        required=False, allow_null=True, min_value=MIN_TTL, max_value=MAX_TTL, default=DEFAULT_TTL
    )


class PersonSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()


class ScopeQuerySerializer(serializers.Serializer[Any]):
    scope = scope_field()


@example(LESSON["students"][0])
class ParticipantSerializer(PersonSerializer):
    status = serializers.ChoiceField(choices=Participant.Status.choices)


@example({"student_id": 5})
class ParticipantCreateSerializer(serializers.Serializer[Any]):
    student_id = IdField()
    scope = scope_field()


@example({"status": "attended"})
class ParticipantUpdateSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(
        choices=[(one.value, one.label) for one in OUTCOMES],
        help_text="Whether the student came; once the lesson has started.",
    )


@example(LESSON)
class LessonSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    title = serializers.CharField(allow_blank=True)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    status = serializers.ChoiceField(choices=Lesson.Status.choices)
    tutor = PersonSerializer()
    student = PersonSerializer(help_text="The first of `students`.")
    students = ParticipantSerializer(
        many=True, help_text="1 to 30, by last name, first name and id."
    )
    classroom_id = serializers.IntegerField()
    session_uuid = serializers.UUIDField(
        allow_null=True,
        help_text="Null only for a lesson created before rooms existed, until it is entered.",
    )
    series_id = serializers.IntegerField(allow_null=True, help_text="Null outside a series.")
    original_starts_at = serializers.DateTimeField(
        allow_null=True, help_text="When the series' rule has this lesson start."
    )


@example({"results": [LESSON]})
class LessonListSerializer(serializers.Serializer[Any]):
    results = LessonSerializer(many=True)


@example({"lesson_id": 7, "session_uuid": _ROOM})
class RoomSerializer(serializers.Serializer[Any]):
    lesson_id = serializers.IntegerField()
    session_uuid = serializers.UUIDField()


@example(
    {
        "invite_url": f"https://kreida.example/invite/{_TOKEN}",
        "expires_at": "2026-03-03T10:00:00Z",
        "token": _TOKEN,
    }
)
class InviteSerializer(serializers.Serializer[Any]):
    invite_url = serializers.URLField()
    expires_at = serializers.DateTimeField()
    token = serializers.CharField()
