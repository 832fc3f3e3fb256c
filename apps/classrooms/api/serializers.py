from typing import Any

from rest_framework import serializers

from apps.classrooms.models import Membership
from apps.common.mail import validate_address
from apps.common.pagination import PageQuery
from apps.common.parsing import OneOfField, TextField


class ClassroomInput(serializers.Serializer[Any]):
    name = TextField(max_length=200)


class ClassroomChange(serializers.Serializer[Any]):
    name = TextField(max_length=200, required=False, allow_null=True)


class JoinInput(serializers.Serializer[Any]):
    join_code = TextField(max_length=32)


class InviteMemberInput(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254, validators=[validate_address])


class MembershipChange(serializers.Serializer[Any]):
    status = OneOfField(choices=["active", "paused", "removed"])


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
    id = serializers.IntegerField(
        allow_null=True, help_text="null until an invited person signs up"
    )
    first_name = serializers.CharField(allow_blank=True)
    last_name = serializers.CharField(allow_blank=True)
    email = serializers.CharField()


class MembershipShape(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    classroom_id = serializers.IntegerField()
    student = StudentShape()
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    status = serializers.ChoiceField(choices=Membership.Status.choices)
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
