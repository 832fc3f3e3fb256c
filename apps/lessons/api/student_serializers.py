from typing import Any

from rest_framework import serializers

from apps.classrooms.api.serializers import ClassroomNameSerializer
from apps.classrooms.models.student_card import MAX_GUARDIAN, MAX_LEVEL, MAX_NOTE, MAX_PHONE
from apps.common.openapi import example
from apps.common.parsing import AddressField, IdField, NameField, TextField
from apps.common.text import MAX_NAME
from apps.lessons.api.serializers import LESSON, LessonSerializer

_CONTACTS = {
    "phone": "+380 67 123 45 67",
    "guardian_name": "Oksana Melnyk",
    "guardian_phone": "",
    "level": "Year 9",
    "note": "Prepares for the exam in June.",
}
_NAMES = {"first_name": "Ivan", "last_name": "Melnyk"}


class BlankableAddressField(AddressField):
    def to_internal_value(self, data: Any) -> str:
        return "" if data == "" else super().to_internal_value(data)


def _optional_text(max_length: int, *, multiline: bool = False) -> TextField:
    return TextField(
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=max_length,
        multiline=multiline,
    )


class StudentContactsSerializer(serializers.Serializer[Any]):
    email = BlankableAddressField(required=False, allow_null=True, allow_blank=True, max_length=254)
    phone = _optional_text(MAX_PHONE)
    guardian_name = _optional_text(MAX_GUARDIAN)
    guardian_phone = _optional_text(MAX_PHONE)
    level = _optional_text(MAX_LEVEL)
    note = _optional_text(MAX_NOTE, multiline=True)


@example({**_NAMES, "classroom_id": 3, "email": "ivan@school.example", **_CONTACTS})
class StudentCreateSerializer(StudentContactsSerializer):
    first_name = NameField(max_length=MAX_NAME)
    last_name = NameField(max_length=MAX_NAME)
    classroom_id = IdField(help_text="One of the tutor’s own.")


@example({"level": "Year 10", "note": "Passed the exam."})
class StudentUpdateSerializer(StudentContactsSerializer):
    first_name = NameField(max_length=MAX_NAME, required=False, allow_null=True)
    last_name = NameField(max_length=MAX_NAME, required=False, allow_null=True)


@example(
    {
        "id": 2,
        **_NAMES,
        "email": "ivan@school.example",
        **_CONTACTS,
        "placeholder": True,
        "classrooms": [{"id": 3, "name": "Algebra"}],
        "next_lesson": LESSON,
        "last_lesson": None,
    }
)
class StudentCardSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    email = serializers.CharField(
        allow_blank=True,
        help_text="The account’s; of a placeholder the address that the tutor typed. Empty for a "
        "former student with an account.",
    )
    phone = serializers.CharField(allow_blank=True)
    guardian_name = serializers.CharField(allow_blank=True)
    guardian_phone = serializers.CharField(allow_blank=True)
    level = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    placeholder = serializers.BooleanField(help_text="Whether the student has yet to sign up.")
    classrooms = ClassroomNameSerializer(many=True, help_text="Where the student is `active`.")
    next_lesson = LessonSerializer(allow_null=True)
    last_lesson = LessonSerializer(allow_null=True)


@example(
    {
        "invite_url": "https://kreida.example/students/invitation/eyJzdHVkZW50IjoyfQ.c2ln/",
        "expires_at": "2026-03-16T10:00:00Z",
    }
)
class StudentLinkSerializer(serializers.Serializer[Any]):
    invite_url = serializers.CharField()
    expires_at = serializers.DateTimeField()
