"""Notification settings in the API; local times are “HH:MM”."""

import re
from datetime import time
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.accounts.models.notification_settings import (
    MAX_REMINDER,
    MAX_REMINDERS,
    MIN_REMINDER,
)
from apps.accounts.models.push_subscription import MAX_ENDPOINT
from apps.common.openapi import example
from apps.common.parsing import StrictBooleanField, StrictIntegerField, TextField

_CLOCK_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_PUBLIC_KEY = (
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
)
_EXAMPLE = {
    "email": True,
    "reminders_minutes": [1440, 60],
    "quiet_from": "22:00",
    "quiet_to": "07:30",
}


@extend_schema_field({"type": "string", "pattern": f"^{_CLOCK_TIME}$", "examples": ["07:30"]})
class ClockTimeField(serializers.Field[time, str, str, Any]):
    """A time of day as “HH:MM”."""

    default_error_messages = {"invalid": gettext_lazy("Enter a time as HH:MM, such as 07:30.")}

    def to_internal_value(self, data: Any) -> time:
        if not isinstance(data, str) or not re.fullmatch(_CLOCK_TIME, data):
            self.fail("invalid")
        return time.fromisoformat(data)

    def to_representation(self, value: time) -> str:
        return f"{value:%H:%M}"


@example(_EXAMPLE)
class NotificationSettingsSerializer(serializers.Serializer[Any]):
    email = serializers.BooleanField(help_text="Whether reminders are mailed.")
    reminders_minutes = serializers.ListField(
        child=serializers.IntegerField(min_value=MIN_REMINDER, max_value=MAX_REMINDER),
        max_length=MAX_REMINDERS,
        help_text="Minutes before a lesson, the longest first.",
    )
    quiet_from = ClockTimeField(
        allow_null=True, help_text="Nothing is sent from this time on, in your time zone."
    )
    quiet_to = ClockTimeField(allow_null=True)


@example(_EXAMPLE)
class NotificationSettingsUpdateSerializer(serializers.Serializer[Any]):
    email = StrictBooleanField(
        required=False, allow_null=True, help_text="Whether reminders are mailed."
    )
    reminders_minutes = serializers.ListField(
        child=StrictIntegerField(min_value=MIN_REMINDER, max_value=MAX_REMINDER),
        required=False,
        allow_null=True,
        max_length=MAX_REMINDERS,
        help_text="Minutes before a lesson, without duplicates.",
    )
    quiet_from = ClockTimeField(
        required=False, allow_null=True, help_text="Needs `quiet_to`, and differs from it."
    )
    quiet_to = ClockTimeField(required=False, allow_null=True)

    def validate_reminders_minutes(self, value: list[int] | None) -> list[int] | None:
        if value is not None and len(set(value)) < len(value):
            raise serializers.ValidationError(_("Each time may be named once."))
        return value

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """Null means left out, but for the quiet hours, which it ends."""
        quiet = ("quiet_from", "quiet_to")
        return {name: value for name, value in data.items() if name in quiet or value is not None}


class PushKeysSerializer(serializers.Serializer[Any]):
    p256dh = TextField(max_length=100, help_text="The browser's public key, in Base64 for URLs.")
    auth = TextField(max_length=40, help_text="The browser's secret, in Base64 for URLs.")


@example(
    {
        "endpoint": "https://push.example/send/abc",
        "keys": {
            "p256dh": _PUBLIC_KEY,
            "auth": "BTBZMqHH6r4Tts7J_aSIgg",
        },
    }
)
class PushSubscribeSerializer(serializers.Serializer[Any]):
    """A `PushSubscription` of the browser as `toJSON` gives it; other members are ignored."""

    endpoint = TextField(max_length=MAX_ENDPOINT, help_text="The push service's https URL.")
    keys = PushKeysSerializer()


@example(
    {
        "public_key": _PUBLIC_KEY,
        "subscribed": False,
    }
)
class PushSubscriptionSerializer(serializers.Serializer[Any]):
    public_key = serializers.CharField(help_text="The `applicationServerKey` to subscribe with.")
    subscribed = serializers.BooleanField(help_text="Whether this session has a subscription.")
