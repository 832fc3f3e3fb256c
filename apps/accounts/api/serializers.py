from rest_framework import serializers

from apps.accounts.models import User
from apps.common.parsing import NameField, OneOfField, TextField
from apps.common.zones import validate_time_zone


class Me(serializers.Serializer[User]):
    id = serializers.IntegerField()
    email = serializers.EmailField(source="shown_email")
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    role = serializers.ChoiceField(choices=User.Role.choices)
    timezone = serializers.CharField()
    locale = serializers.ChoiceField(choices=User.Locale.choices)


class MeInput(serializers.Serializer[User]):
    first_name = NameField(required=False, allow_null=True, max_length=100)
    last_name = NameField(required=False, allow_null=True, max_length=100)
    timezone = TextField(required=False, allow_null=True, validators=[validate_time_zone])
    locale = OneOfField(required=False, allow_null=True, choices=User.Locale.choices)
