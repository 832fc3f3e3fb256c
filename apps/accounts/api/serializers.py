from typing import Any

from rest_framework import serializers

from apps.accounts.models import TutorBlock, User
from apps.common.openapi import example
from apps.common.parsing import NameField, OneOfField, TextField
from apps.common.zones import validate_time_zone


@example(
    {
        "id": 1,
        "email": "olena@school.example",
        "first_name": "Olena",
        "last_name": "Koval",
        "role": "tutor",
        "timezone": "Europe/Kyiv",
        "locale": "uk",
    }
)
class MeSerializer(serializers.Serializer[User]):
    id = serializers.IntegerField()
    email = serializers.EmailField(source="shown_email")
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    role = serializers.ChoiceField(choices=User.Role.choices)
    timezone = serializers.CharField(help_text="An IANA name.")
    locale = serializers.ChoiceField(choices=User.Locale.choices)


_BLOCK = {
    "tutor_id": 1,
    "first_name": "Olena",
    "last_name": "Koval",
    "blocked_at": "2026-03-02T10:00:00Z",
}


@example(_BLOCK)
class TutorBlockSerializer(serializers.Serializer[TutorBlock]):
    tutor_id = serializers.IntegerField()
    first_name = serializers.CharField(source="tutor.first_name")
    last_name = serializers.CharField(source="tutor.last_name")
    blocked_at = serializers.DateTimeField(source="created_at")


@example({"count": 1, "results": [_BLOCK]})
class TutorBlockPageSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    results = TutorBlockSerializer(many=True)


@example({"timezone": "Europe/Warsaw", "locale": "en"})
class MeUpdateSerializer(serializers.Serializer[User]):
    first_name = NameField(required=False, allow_null=True, max_length=100)
    last_name = NameField(required=False, allow_null=True, max_length=100)
    timezone = TextField(required=False, allow_null=True, validators=[validate_time_zone])
    locale = OneOfField(required=False, allow_null=True, choices=User.Locale.choices)
