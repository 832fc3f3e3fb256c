from typing import Any

from rest_framework import serializers

from apps.classroom.policies import Role
from apps.classroom.queries import MAX_MESSAGES
from apps.common.pagination import CountField
from apps.common.parsing import TextField

MAX_NOTES = 100_000
_ROLES = [role.value for role in Role]


class FileInput(serializers.Serializer[Any]):
    file = serializers.FileField(allow_empty_file=False, max_length=255)


class FileShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    url = serializers.CharField()
    mime_type = serializers.CharField()
    size = serializers.IntegerField()


class VersionShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class VersionList(serializers.Serializer[Any]):
    results = VersionShape(many=True)


class NotesInput(serializers.Serializer[Any]):
    text = TextField(allow_blank=True, max_length=MAX_NOTES, trim_whitespace=False)


class NotesShape(serializers.Serializer[Any]):
    text = serializers.CharField(allow_blank=True)


class PersonThere(serializers.Serializer[Any]):
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=_ROLES)


class StayShape(serializers.Serializer[Any]):
    person = PersonThere()
    joined_at = serializers.DateTimeField()
    left_at = serializers.DateTimeField(allow_null=True)


class StayList(serializers.Serializer[Any]):
    results = StayShape(many=True)


class MessageShape(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    person = serializers.CharField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=_ROLES)
    text = serializers.CharField()
    sent_at = serializers.DateTimeField()


class ChatQuery(serializers.Serializer[Any]):
    limit = CountField(min_value=1, max_value=MAX_MESSAGES, default=MAX_MESSAGES)
    before = serializers.UUIDField(
        required=False, help_text="The page that ends before this message: `before` of the last."
    )


class MessagePage(serializers.Serializer[Any]):
    results = MessageShape(many=True)
    before = serializers.UUIDField(
        allow_null=True, help_text="Ask with it for older messages; null where there are none."
    )
