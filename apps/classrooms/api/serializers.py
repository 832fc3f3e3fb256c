from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from apps.classrooms.models import Membership, normal_join_code
from apps.common.pagination import PageQuery
from apps.common.parsing import AddressField, NameField, OneOfField, TextField

MAX_CODE = 32
STATUSES = (
    "`invited`: not accepted yet, so only the address is told; `active`: a member; `paused` and "
    "`removed`: by the tutor; `declined`: the invitation was refused; `left`: the student went."
)


class ClassroomInput(serializers.Serializer[Any]):
    name = NameField(max_length=200)


class ClassroomChange(serializers.Serializer[Any]):
    name = NameField(max_length=200, required=False, allow_null=True)


class JoinInput(serializers.Serializer[Any]):
    join_code = TextField(
        max_length=2000, help_text="The code, or the whole join link as it was pasted."
    )

    def validate_join_code(self, pasted: str) -> str:
        code = normal_join_code(pasted)
        if len(code) > MAX_CODE:
            raise serializers.ValidationError(_("This is too long for a code."))
        return code


class InviteMemberInput(serializers.Serializer[Any]):
    email = AddressField(max_length=254)


class AcceptInput(serializers.Serializer[Any]):
    invitation = TextField(
        required=False,
        allow_null=True,
        max_length=2000,
        help_text="The token, or the whole link, of the invitation; for an address that the "
        "student has not confirmed.",
    )


class InvitationLinkShape(serializers.Serializer[Any]):
    invite_url = serializers.CharField()
    expires_at = serializers.DateTimeField()
    token = serializers.CharField()


class MembershipChange(serializers.Serializer[Any]):
    status = OneOfField(
        choices=["active", "paused", "removed"],
        help_text="`active` resumes a paused member; only the student accepts, declines or leaves.",
    )


class MembersQuery(PageQuery):
    status = OneOfField(choices=Membership.Status.choices, required=False)


class ClassroomShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    join_code = serializers.CharField()
    created_at = serializers.DateTimeField()


class ClassroomPage(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    results = ClassroomShape(many=True)


class StudentShape(serializers.Serializer[Any]):
    id = serializers.IntegerField(allow_null=True, help_text="null until an invited person accepts")
    first_name = serializers.CharField(allow_blank=True)
    last_name = serializers.CharField(allow_blank=True)
    email = serializers.CharField()


class MembershipShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    classroom_id = serializers.IntegerField()
    student = StudentShape()
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    status = serializers.ChoiceField(choices=Membership.Status.choices, help_text=STATUSES)
    joined_at = serializers.DateTimeField(allow_null=True)


class MembershipPage(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    results = MembershipShape(many=True)


class ClassroomName(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class MyStudent(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    email = serializers.CharField()
    classrooms = ClassroomName(many=True)


class MyStudentPage(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    results = MyStudent(many=True)
