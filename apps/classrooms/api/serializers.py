from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from apps.classrooms.models import Membership, normalize_join_code
from apps.common.openapi import example
from apps.common.pagination import PageQuerySerializer
from apps.common.parsing import AddressField, NameField, OneOfField, StrictBooleanField, TextField

MAX_CODE_LENGTH = 32
STATUS_HELP = (
    "`invited`: not accepted yet, so only the address is shown; `active`: a member; `paused` and "
    "`removed`: by the tutor; `declined`: the invitation was declined; `left`: the student left."
)

_CLASSROOM = {
    "id": 3,
    "name": "Algebra",
    "join_code": "K7WM2XPA",
    "created_at": "2026-02-01T08:30:00Z",
}
_STUDENT = {"id": 2, "first_name": "Ivan", "last_name": "Melnyk", "email": "ivan@school.example"}
_MEMBERSHIP = {
    "id": 5,
    "classroom_id": 3,
    "student": _STUDENT,
    "role": "student",
    "status": "active",
    "joined_at": "2026-02-02T10:00:00Z",
}
_TOKEN = "eyJtZW1iZXJzaGlwIjo1fQ.c2lnbmF0dXJl"  # noqa: S105 -- an example


@example({"name": "Algebra"})
class ClassroomCreateSerializer(serializers.Serializer[Any]):
    name = NameField(max_length=200)


@example({"name": "Geometry", "join_code_open": False})
class ClassroomUpdateSerializer(serializers.Serializer[Any]):
    name = NameField(max_length=200, required=False, allow_null=True)
    join_code_open = StrictBooleanField(
        required=False,
        allow_null=True,
        help_text="`false`: nobody joins by the code until it is opened again; invitations work.",
    )


@example({"join_code": "K7WM2XPA"})
class ClassroomJoinSerializer(serializers.Serializer[Any]):
    join_code = TextField(
        max_length=2000, help_text="The code, or the whole join link as it was pasted."
    )

    def validate_join_code(self, pasted: str) -> str:
        code = normalize_join_code(pasted)
        if len(code) > MAX_CODE_LENGTH:
            raise serializers.ValidationError(_("This code is too long."))
        return code


@example({"email": "ivan@school.example"})
class MembershipCreateSerializer(serializers.Serializer[Any]):
    email = AddressField(max_length=254)


@example({"invitation": _TOKEN})
class InvitationReplySerializer(serializers.Serializer[Any]):
    invitation = TextField(
        required=False,
        allow_null=True,
        max_length=2000,
        help_text="The token, or the whole link, of the invitation; for an address that the "
        "student has not confirmed.",
    )


@example({"invitation": _TOKEN, "block_tutor": True})
class InvitationDeclineSerializer(InvitationReplySerializer):
    block_tutor = StrictBooleanField(
        required=False,
        allow_null=True,
        help_text="`true`: further invitations of this tutor are neither shown nor mailed.",
    )


@example(
    {
        "invite_url": f"https://kreida.example/classrooms/invitation/{_TOKEN}/",
        "expires_at": "2026-03-16T10:00:00Z",
        "token": _TOKEN,
    }
)
class InvitationLinkSerializer(serializers.Serializer[Any]):
    invite_url = serializers.CharField()
    expires_at = serializers.DateTimeField()
    token = serializers.CharField()


@example({"status": "paused"})
class MembershipUpdateSerializer(serializers.Serializer[Any]):
    status = OneOfField(
        choices=["active", "paused", "removed"],
        help_text="`active` resumes a paused member; only the student accepts, declines or leaves.",
    )


class MembersQuerySerializer(PageQuerySerializer):
    status = OneOfField(
        choices=Membership.Status.choices, required=False, help_text="Only members of this status."
    )


@example(_CLASSROOM)
class ClassroomSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    join_code = serializers.CharField()
    created_at = serializers.DateTimeField()


@example({**_CLASSROOM, "join_code_open": True})
class ClassroomDetailSerializer(ClassroomSerializer):
    join_code_open = serializers.BooleanField(
        help_text="Whether students can join by the code now."
    )


@example({"count": 1, "results": [_CLASSROOM]})
class ClassroomPageSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    results = ClassroomSerializer(many=True)


class StudentSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(
        allow_null=True, help_text="Null until an invited person accepts."
    )
    first_name = serializers.CharField(allow_blank=True)
    last_name = serializers.CharField(allow_blank=True)
    email = serializers.CharField()


@example(_MEMBERSHIP)
class MembershipSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    classroom_id = serializers.IntegerField()
    student = StudentSerializer()
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    status = serializers.ChoiceField(choices=Membership.Status.choices, help_text=STATUS_HELP)
    joined_at = serializers.DateTimeField(allow_null=True)


@example({"count": 1, "results": [_MEMBERSHIP]})
class MembershipPageSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    results = MembershipSerializer(many=True)


class ClassroomNameSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class MyStudentSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    email = serializers.CharField()
    classrooms = ClassroomNameSerializer(many=True)


@example({"count": 1, "results": [{**_STUDENT, "classrooms": [{"id": 3, "name": "Algebra"}]}]})
class MyStudentPageSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    results = MyStudentSerializer(many=True)
