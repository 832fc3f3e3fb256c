from typing import Any

from rest_framework import serializers

from apps.common.openapi import example
from apps.common.parsing import (
    IdField,
    InstantField,
    OneOfField,
    StrictBooleanField,
    TextField,
)
from apps.lessons.api.serializers import scope_field
from apps.lessons.models import LessonChange

ACTIONS = ("update", "cancel", "add_student", "remove_student")


@example({"action": "update", "scope": "following", "starts_at": "2026-11-03T18:00:00+02:00"})
class ChangePreviewCreateSerializer(serializers.Serializer[Any]):
    action = OneOfField(choices=ACTIONS)
    scope = scope_field()
    starts_at = InstantField(required=False, allow_null=True)
    ends_at = InstantField(required=False, allow_null=True)
    title = TextField(required=False, allow_null=True, allow_blank=True, max_length=200)
    allow_overlap = StrictBooleanField(required=False, allow_null=True)
    reset_exceptions = StrictBooleanField(required=False, allow_null=True)
    student_id = IdField(
        required=False, allow_null=True, help_text="Of `add_student` and `remove_student`."
    )


class PlannedChangeSerializer(serializers.Serializer[Any]):
    lesson_id = serializers.IntegerField()
    starts_at = serializers.DateTimeField(help_text="Now.")
    ends_at = serializers.DateTimeField()
    title = serializers.CharField(allow_blank=True)
    new_starts_at = serializers.DateTimeField(help_text="After the change.")
    new_ends_at = serializers.DateTimeField()
    new_title = serializers.CharField(allow_blank=True)
    change = serializers.ChoiceField(
        choices=["moved", "renamed", "cancelled", "student_added", "student_removed", "kept"],
        help_text="`kept`: an exception that stays as it is.",
    )
    conflict = serializers.CharField(allow_null=True, help_text="What is in the way, in words.")


@example(
    {
        "changes": [
            {
                "lesson_id": 7,
                "starts_at": "2026-11-03T15:00:00Z",
                "ends_at": "2026-11-03T16:00:00Z",
                "title": "Algebra",
                "new_starts_at": "2026-11-03T16:00:00Z",
                "new_ends_at": "2026-11-03T17:00:00Z",
                "new_title": "Algebra",
                "change": "moved",
                "conflict": None,
            }
        ]
    }
)
class ChangePreviewSerializer(serializers.Serializer[Any]):
    changes = PlannedChangeSerializer(many=True)


_CHANGE = {
    "id": 12,
    "kind": "moved",
    "created_at": "2026-11-01T09:00:00Z",
    "undo_until": "2026-11-01T09:01:00Z",
    "lessons_count": 9,
}


@example(_CHANGE)
class LessonChangeSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=LessonChange.Kind.choices)
    created_at = serializers.DateTimeField()
    undo_until = serializers.DateTimeField()
    lessons_count = serializers.IntegerField(help_text="Lessons that the change touched.")


@example({"results": [_CHANGE]})
class LessonChangeListSerializer(serializers.Serializer[Any]):
    results = LessonChangeSerializer(many=True)


@example({"lessons_count": 9})
class UndoneSerializer(serializers.Serializer[Any]):
    lessons_count = serializers.IntegerField(help_text="Lessons that are as they were before.")
