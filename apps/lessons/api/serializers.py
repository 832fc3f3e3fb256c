from typing import Any

from rest_framework import serializers

from apps.common.parsing import FlagField, IdField, InstantField, TextField, WholeNumberField
from apps.lessons.invites import DEFAULT_TTL, MAX_TTL, MIN_TTL
from apps.lessons.models import Lesson


class ScheduleInput(serializers.Serializer[Any]):
    student_id = IdField()
    starts_at = InstantField()
    ends_at = InstantField()
    title = TextField(required=False, allow_null=True, allow_blank=True, max_length=200)
    classroom_id = IdField(required=False, allow_null=True)
    allow_overlap = FlagField(required=False, allow_null=True)


class RescheduleInput(serializers.Serializer[Any]):
    title = TextField(required=False, allow_null=True, allow_blank=True, max_length=200)
    starts_at = InstantField(required=False, allow_null=True)
    ends_at = InstantField(required=False, allow_null=True)
    allow_overlap = FlagField(required=False, allow_null=True)
    expected_starts_at = InstantField(
        required=False,
        allow_null=True,
        help_text="Where the client last saw the lesson: refused with 412 if it was moved since.",
    )
    expected_ends_at = InstantField(required=False, allow_null=True)


class CancelInput(serializers.Serializer[Any]):
    reason = TextField(required=False, allow_null=True, allow_blank=True, max_length=500)


class InviteInput(serializers.Serializer[Any]):
    ttl_seconds = WholeNumberField(
        required=False, allow_null=True, min_value=MIN_TTL, max_value=MAX_TTL, default=DEFAULT_TTL
    )


class Person(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()


class LessonShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    title = serializers.CharField(allow_blank=True)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    status = serializers.ChoiceField(choices=Lesson.Status.choices)
    tutor = Person()
    student = Person()
    classroom_id = serializers.IntegerField()
    session_uuid = serializers.UUIDField(
        allow_null=True, help_text="null only for a lesson from before rooms, until it is entered"
    )


class LessonList(serializers.Serializer[Any]):
    results = LessonShape(many=True)


class RoomShape(serializers.Serializer[Any]):
    lesson_id = serializers.IntegerField()
    session_uuid = serializers.UUIDField()


class InviteShape(serializers.Serializer[Any]):
    invite_url = serializers.URLField()
    expires_at = serializers.DateTimeField()
    token = serializers.CharField()
