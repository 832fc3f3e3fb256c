from django.http import HttpResponse
from django.utils import timezone
from rest_framework.views import APIView

from apps.accounts.models import User
from apps.accounts.placeholders import LINK_LIFETIME, make_student_link
from apps.accounts.policies import require_tutor
from apps.accounts.requests import AuthenticatedRequest
from apps.classrooms.models.student_card import CONTACT_FIELDS
from apps.classrooms.policies import access_classroom, may_invite_student
from apps.classrooms.students import (
    MAX_ADDED_PER_DAY,
    add_student,
    card_version,
    change_student,
    get_card,
)
from apps.common.errors import forbidden
from apps.common.etags import ETAG, IF_MATCH, etag, parse_if_match
from apps.common.idempotency import PARAMETER as IDEMPOTENCY_KEY
from apps.common.idempotency import parse_idempotency_key
from apps.common.json import json_response
from apps.common.openapi import documented
from apps.common.parsing import drop_nulls
from apps.lessons.api import student_serializers as serializers
from apps.lessons.students import access_student_card, student_json


def _student_response(tutor: User, student_id: int, status: int = 200) -> HttpResponse:
    student = access_student_card(tutor, student_id)
    response = json_response(student_json(tutor, student, timezone.now()), status)
    response["ETag"] = etag(card_version(student, get_card(tutor, student)))
    return response


class StudentsView(APIView):
    @documented(
        "students_create",
        "Add a student who has not signed up",
        {201: serializers.StudentCardSerializer},
        body=serializers.StudentCreateSerializer,
        query=[IDEMPOTENCY_KEY],
        errors=["not_found"],
        description="By a tutor. The student is `active` in the classroom at once, so that lessons "
        "can be scheduled, and becomes the account of whoever signs up or accepts by the link of "
        f"`students_invite_create`. At most {MAX_ADDED_PER_DAY} a day.",
    )
    def post(self, request: AuthenticatedRequest) -> HttpResponse:
        require_tutor(request.user)
        data = serializers.StudentCreateSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        fields = dict(data.validated_data)
        idempotency = parse_idempotency_key(request, fields)
        classroom = access_classroom(request.user, fields.pop("classroom_id"))
        student = add_student(
            classroom=classroom,
            first_name=fields["first_name"],
            last_name=fields["last_name"],
            email=fields.get("email", ""),
            contacts={name: fields[name] for name in CONTACT_FIELDS if name in fields},
            idempotency=idempotency,
        )
        return _student_response(request.user, student.pk, 201)


class StudentView(APIView):
    @documented(
        "students_retrieve",
        "Get a student’s card",
        {200: serializers.StudentCardSerializer},
        query=[ETAG],
        errors=["not_found"],
        description="By a tutor who has or had this student. Contacts and note are this tutor’s "
        "own; nobody else reads them.",
    )
    def get(self, request: AuthenticatedRequest, student_id: int) -> HttpResponse:
        require_tutor(request.user)
        return _student_response(request.user, student_id)

    @documented(
        "students_partial_update",
        "Change a student’s card",
        {200: serializers.StudentCardSerializer},
        body=serializers.StudentUpdateSerializer,
        query=[IF_MATCH, ETAG],
        errors=["not_found", "precondition_failed"],
        description="Name and e-mail can be changed only until the student signs up. A new e-mail "
        "ends the links made before.",
    )
    def patch(self, request: AuthenticatedRequest, student_id: int) -> HttpResponse:
        require_tutor(request.user)
        student = access_student_card(request.user, student_id)
        data = serializers.StudentUpdateSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        seen = parse_if_match(request)
        change_student(tutor=request.user, student=student, seen=seen, **data.validated_data)
        return _student_response(request.user, student_id)


class StudentInviteView(APIView):
    @documented(
        "students_invite_create",
        "Make a link for a student who has not signed up",
        {200: serializers.StudentLinkSerializer},
        errors=["not_found"],
        description="Whoever signs up by the link is this student, with the lessons, boards and "
        "notes; a student with an account takes them over. It works once, for "
        f"{LINK_LIFETIME.days} days. 403 for a student who has an account.",
    )
    def post(self, request: AuthenticatedRequest, student_id: int) -> HttpResponse:
        require_tutor(request.user)
        student = access_student_card(request.user, student_id)
        if not may_invite_student(request.user, student):
            raise forbidden()
        url, expires_at = make_student_link(student, timezone.now())
        return json_response({"invite_url": url, "expires_at": expires_at})
