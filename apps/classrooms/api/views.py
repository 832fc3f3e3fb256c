from django.http import HttpResponse
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from apps.accounts.policies import require_student, require_tutor
from apps.accounts.requests import SignedIn
from apps.classrooms import services
from apps.classrooms.api import serializers as shapes
from apps.classrooms.invitations import (
    LIFETIME,
    MAX_MAILS_PER_ADDRESS,
    MAX_PER_ADDRESS,
    MAX_PER_TUTOR,
)
from apps.classrooms.models import Classroom, Membership
from apps.classrooms.policies import (
    access_classroom,
    access_invitation,
    access_membership,
    access_own_membership,
)
from apps.classrooms.queries import Row, members, membership_json, my_students
from apps.common.json import json_response
from apps.common.openapi import documented
from apps.common.pagination import PageQuery
from apps.common.parsing import without_nulls
from apps.common.versions import ETAG, IF_MATCH, etag, versions_asked_for

INVITING = (
    "Answers the same whoever owns the address; its owner's name is told once they accept. "
    f"429 with `Retry-After` after {MAX_PER_TUTOR} invitations of a tutor, or {MAX_PER_ADDRESS} of "
    f"one address, within a day. An address gets one mail of a tutor and {MAX_MAILS_PER_ADDRESS} "
    "in all within a day."
)


def classroom_json(classroom: Classroom) -> Row:
    return {
        "id": classroom.pk,
        "name": classroom.name,
        "join_code": classroom.join_code,
        "created_at": classroom.created_at,
    }


class ClassroomsView(APIView):
    @documented("My classrooms", {200: shapes.ClassroomPage}, query=[PageQuery])
    def get(self, request: SignedIn) -> HttpResponse:
        require_tutor(request.user)
        query = PageQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        mine = Classroom.objects.of(request.user).matching(query.words)
        page = [classroom_json(c) for c in mine[query.page.offset : query.page.stop]]
        return json_response({"count": mine.count(), "results": page})

    @documented("Make a classroom", {201: shapes.ClassroomShape}, body=shapes.ClassroomInput)
    def post(self, request: SignedIn) -> HttpResponse:
        require_tutor(request.user)
        data = shapes.ClassroomInput(data=without_nulls(request.data))
        data.is_valid(raise_exception=True)
        classroom = Classroom.objects.create(tutor=request.user, **data.validated_data)
        return json_response(classroom_json(classroom), 201)


def _answer(classroom: Classroom) -> HttpResponse:
    answer = json_response(classroom_json(classroom))
    answer["ETag"] = etag(classroom.version)
    return answer


class ClassroomView(APIView):
    @documented("A classroom of mine", {200: shapes.ClassroomShape}, query=[ETAG], errors=(404,))
    def get(self, request: SignedIn, classroom_id: int) -> HttpResponse:
        return _answer(access_classroom(request.user, classroom_id))

    @documented(
        "Rename a classroom",
        {200: shapes.ClassroomShape},
        body=shapes.ClassroomChange,
        query=[IF_MATCH, ETAG],
        errors=(404, 412),
    )
    def patch(self, request: SignedIn, classroom_id: int) -> HttpResponse:
        classroom = access_classroom(request.user, classroom_id)
        data = shapes.ClassroomChange(data=without_nulls(request.data))
        data.is_valid(raise_exception=True)
        services.change_classroom(
            classroom=classroom, seen=versions_asked_for(request), **data.validated_data
        )
        return _answer(classroom)

    @documented("Archive a classroom; its lessons stay", {204: None}, errors=(404,))
    def delete(self, request: SignedIn, classroom_id: int) -> HttpResponse:
        services.archive_classroom(classroom=access_classroom(request.user, classroom_id))
        return HttpResponse(status=204)


class JoinView(APIView):
    throttle_classes = [ScopedRateThrottle]
    throttle_scope = "join"

    @documented(
        "Join a classroom by its code",
        {200: shapes.MembershipShape},
        body=shapes.JoinInput,
        errors=(404,),
        description="Makes the student `active` at once, also one who has declined or left; 403 "
        "for one whom the tutor has paused or removed.",
    )
    def post(self, request: SignedIn) -> HttpResponse:
        require_student(request.user)
        data = shapes.JoinInput(data=without_nulls(request.data))
        data.is_valid(raise_exception=True)
        membership = services.join_classroom(student=request.user, **data.validated_data)
        return json_response(membership_json(membership))


class MembersView(APIView):
    @documented(
        "The members of a classroom",
        {200: shapes.MembershipPage},
        query=[shapes.MembersQuery],
        errors=(404,),
    )
    def get(self, request: SignedIn, classroom_id: int) -> HttpResponse:
        classroom = access_classroom(request.user, classroom_id)
        query = shapes.MembersQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        status = query.validated_data.get("status")
        count, results = members(classroom.pk, query.words, status, query.page)
        return json_response({"count": count, "results": results})

    @documented(
        "Invite a student by e-mail",
        {201: shapes.MembershipShape},
        body=shapes.InviteMemberInput,
        errors=(404,),
        description=INVITING,
    )
    def post(self, request: SignedIn, classroom_id: int) -> HttpResponse:
        classroom = access_classroom(request.user, classroom_id)
        data = shapes.InviteMemberInput(data=without_nulls(request.data))
        data.is_valid(raise_exception=True)
        membership = services.invite_to_classroom(classroom=classroom, **data.validated_data)
        return json_response(membership_json(membership), 201)


class MembershipView(APIView):
    @documented(
        "Pause, resume or remove a member",
        {200: shapes.MembershipShape},
        body=shapes.MembershipChange,
        errors=(404,),
    )
    def patch(self, request: SignedIn, membership_id: int) -> HttpResponse:
        membership = access_membership(request.user, membership_id)
        data = shapes.MembershipChange(data=without_nulls(request.data))
        data.is_valid(raise_exception=True)
        services.change_membership(membership=membership, **data.validated_data)
        return json_response(membership_json(membership))


class InvitationLinkView(APIView):
    @documented(
        "The link of an invitation, to hand over",
        {200: shapes.InvitationLinkShape},
        errors=(404,),
        description=f"Whoever holds it may accept, within {LIFETIME.days} days and while the "
        "invitation stands. 403 where the membership is not `invited`.",
    )
    def post(self, request: SignedIn, membership_id: int) -> HttpResponse:
        membership = access_membership(request.user, membership_id)
        url, expires_at, token = services.link_of(membership=membership)
        return json_response({"invite_url": url, "expires_at": expires_at, "token": token})


class AcceptView(APIView):
    @documented(
        "Accept an invitation",
        {200: shapes.MembershipShape},
        body=shapes.AcceptInput,
        errors=(404, 410),
        description="By a student who has confirmed the invited address, or who sends the link.",
    )
    def post(self, request: SignedIn, membership_id: int) -> HttpResponse:
        invitation = _invitation(request, membership_id)
        membership = services.accept_invitation(membership=invitation, student=request.user)
        return json_response(membership_json(membership))


class DeclineView(APIView):
    @documented(
        "Decline an invitation",
        {200: shapes.MembershipShape},
        body=shapes.AcceptInput,
        errors=(404, 410),
        description="It becomes `declined`. The tutor may invite anew, the code lets in.",
    )
    def post(self, request: SignedIn, membership_id: int) -> HttpResponse:
        invitation = _invitation(request, membership_id)
        membership = services.decline_invitation(membership=invitation)
        return json_response(membership_json(membership))


class LeaveView(APIView):
    @documented(
        "Leave a classroom; lessons stay",
        {200: shapes.MembershipShape},
        errors=(404,),
        description="An `active` member becomes `left`, whom the code lets back in; a `paused` one "
        "`removed`.",
    )
    def post(self, request: SignedIn, membership_id: int) -> HttpResponse:
        mine = access_own_membership(request.user, membership_id)
        return json_response(membership_json(services.leave_classroom(membership=mine)))


def _invitation(request: SignedIn, membership_id: int) -> Membership:
    data = shapes.AcceptInput(data=without_nulls(request.data))
    data.is_valid(raise_exception=True)
    token = data.validated_data.get("invitation", "")
    return access_invitation(request.user, membership_id, token)


class MyStudentsView(APIView):
    @documented("My students, each once", {200: shapes.MyStudentPage}, query=[PageQuery])
    def get(self, request: SignedIn) -> HttpResponse:
        require_tutor(request.user)
        query = PageQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        count, results = my_students(request.user, query.words, query.page)
        return json_response({"count": count, "results": results})
