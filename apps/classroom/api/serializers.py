from typing import Any

from rest_framework import serializers

from apps.classroom.policies import Role
from apps.classroom.queries import MAX_MESSAGES
from apps.common.openapi import example
from apps.common.pagination import CountField
from apps.common.parsing import TextField

MAX_NOTES = 100_000
_ROLES = [role.value for role in Role]

_FILE = "5f0c2a3e-8f1d-4b5e-a7c6-2d9b8e4f1a20"
_MESSAGE = "9d1e4c7a-3b2f-4e6d-8a5c-7f0b1d2e3c40"
_ROOM = "0b9f5c1e-6a0f-4a58-9d3c-1f6f5f7f2a10"


class BoardFileCreateSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(allow_empty_file=False, max_length=255)


@example(
    {
        "id": _FILE,
        "url": f"/api/classroom/sessions/{_ROOM}/files/{_FILE}/",
        "mime_type": "image/png",
        "size": 48213,
    }
)
class BoardFileSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    url = serializers.CharField()
    mime_type = serializers.CharField()
    size = serializers.IntegerField()


class BoardVersionSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    created_at = serializers.DateTimeField()


@example({"results": [{"id": 12, "created_at": "2026-03-02T15:20:00Z"}]})
class BoardVersionListSerializer(serializers.Serializer[Any]):
    results = BoardVersionSerializer(many=True)


@example({"text": "Homework: page 40."})
class NotesUpdateSerializer(serializers.Serializer[Any]):
    text = TextField(allow_blank=True, max_length=MAX_NOTES, trim_whitespace=False)


@example({"text": "Homework: page 40."})
class NotesSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(allow_blank=True)


class RoomPersonSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=_ROLES)


class AttendanceIntervalSerializer(serializers.Serializer[Any]):
    person = RoomPersonSerializer()
    joined_at = serializers.DateTimeField()
    left_at = serializers.DateTimeField(allow_null=True)


@example(
    {
        "results": [
            {
                "person": {"name": "Ivan Melnyk", "role": "student"},
                "joined_at": "2026-03-02T15:00:10Z",
                "left_at": None,
            }
        ]
    }
)
class AttendanceIntervalListSerializer(serializers.Serializer[Any]):
    results = AttendanceIntervalSerializer(many=True)


class ChatMessageSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    person = serializers.CharField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=_ROLES)
    text = serializers.CharField()
    sent_at = serializers.DateTimeField()


class ChatQuerySerializer(serializers.Serializer[Any]):
    limit = CountField(
        min_value=1,
        max_value=MAX_MESSAGES,
        default=MAX_MESSAGES,
        help_text="How many to return at most; fewer where they are long.",
    )
    before = serializers.UUIDField(
        required=False, help_text="The page that ends before this message: `before` of the last."
    )


@example(
    {
        "results": [
            {
                "id": _MESSAGE,
                "person": "u2",
                "name": "Ivan Melnyk",
                "role": "student",
                "text": "Hello!",
                "sent_at": "2026-03-02T15:01:00Z",
            }
        ],
        "before": None,
    }
)
class ChatMessagePageSerializer(serializers.Serializer[Any]):
    results = ChatMessageSerializer(many=True)
    before = serializers.UUIDField(
        allow_null=True, help_text="Ask with it for older messages; null where there are none."
    )
