from django.http import HttpResponse
from rest_framework.views import APIView

from apps.accounts.policies import require_student, require_tutor
from apps.accounts.requests import AuthenticatedRequest
from apps.classrooms import services
from apps.classrooms.api import serializers
from apps.classrooms.invitations import (
    LINK_LIFETIME,
    MAX_MAILS_PER_ADDRESS,
    MAX_PER_ADDRESS,
    MAX_PER_TUTOR,
)
from apps.classrooms.models import Classroom
from apps.classrooms.policies import (
    access_classroom,
    access_invitation,
    access_invitation_to_decline,
    access_membership,
    access_own_membership,
)
from apps.classrooms.queries import Row, list_members, list_my_students, serialize_membership
from apps.common.etags import ETAG, IF_MATCH, etag, parse_if_match
from apps.common.json import json_response
from apps.common.openapi import documented
from apps.common.pagination import PageQuerySerializer
from apps.common.parsing import drop_nulls
from apps.common.rate_limits import check_rate_limit
from apps.common.security_log import logged_refusals

INVITE_DESCRIPTION = (
    "The response does not depend on who owns the address; the name is shown after acceptance. "
    f"429 with `Retry-After` after {MAX_PER_TUTOR} invitations of a tutor, or {MAX_PER_ADDRESS} of "
    f"one address, within a day. An address gets one mail of a tutor and {MAX_MAILS_PER_ADDRESS} "
    "in all within a day."
)


def serialize_classroom(classroom: Classroom) -> Row:
    return {
        "id": classroom.pk,
        "name": classroom.name,
        "join_code": classroom.join_code,
        "created_at": classroom.created_at,
    }


class ClassroomsView(APIView):
    @documented(
        "classrooms_list",
        "List classrooms",
        {200: serializers.ClassroomPageSerializer},
        query=[PageQuerySerializer],
        description="The tutor's own, by name; not those that are archived.",
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        require_tutor(request.user)
        query = PageQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        classrooms = Classroom.objects.of(request.user).matching(query.words)
        page = [serialize_classroom(c) for c in classrooms[query.page.offset : query.page.stop]]
        return json_response({"count": classrooms.count(), "results": page})

    @documented(
        "classrooms_create",
        "Create a classroom",
        {201: serializers.ClassroomSerializer},
        body=serializers.ClassroomCreateSerializer,
        description="By a tutor, who has at most "
        f"{services.MAX_CLASSROOMS}, archived ones included. Students join it by its `join_code`.",
    )
    def post(self, request: AuthenticatedRequest) -> HttpResponse:
        require_tutor(request.user)
        data = serializers.ClassroomCreateSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        classroom = services.create_classroom(tutor=request.user, **data.validated_data)
        return json_response(serialize_classroom(classroom), 201)


def _classroom_response(classroom: Classroom) -> HttpResponse:
    row = serialize_classroom(classroom) | {"join_code_open": classroom.is_code_open}
    response = json_response(row)
    response["ETag"] = etag(classroom.version)
    return response


class ClassroomView(APIView):
    @documented(
        "classrooms_retrieve",
        "Get a classroom",
        {200: serializers.ClassroomDetailSerializer},
        query=[ETAG],
        errors=["not_found"],
        description="One of the tutor's own.",
    )
    def get(self, request: AuthenticatedRequest, classroom_id: int) -> HttpResponse:
        return _classroom_response(access_classroom(request.user, classroom_id))

    @documented(
        "classrooms_partial_update",
        "Change a classroom",
        {200: serializers.ClassroomDetailSerializer},
        body=serializers.ClassroomUpdateSerializer,
        query=[IF_MATCH, ETAG],
        errors=["not_found", "precondition_failed"],
        description="By its tutor: rename it, close its join code and open it again. The code "
        "stays the same.",
    )
    def patch(self, request: AuthenticatedRequest, classroom_id: int) -> HttpResponse:
        classroom = access_classroom(request.user, classroom_id)
        data = serializers.ClassroomUpdateSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        services.change_classroom(
            classroom=classroom, seen=parse_if_match(request), **data.validated_data
        )
        return _classroom_response(classroom)

    @documented(
        "classrooms_destroy",
        "Archive a classroom",
        {204: None},
        errors=["not_found"],
        description="By its tutor. It leaves every list and its join code stops working; its "
        "lessons stay.",
    )
    def delete(self, request: AuthenticatedRequest, classroom_id: int) -> HttpResponse:
        services.archive_classroom(classroom=access_classroom(request.user, classroom_id))
        return HttpResponse(status=204)


class JoinView(APIView):
    @documented(
        "classrooms_join",
        "Join a classroom by its code",
        {200: serializers.MembershipSerializer},
        body=serializers.ClassroomJoinSerializer,
        errors=["not_found"],
        description="Makes the student `active` at once, also one who has declined or left; 403 "
        "for one whom the tutor has paused or removed.",
    )
    def post(self, request: AuthenticatedRequest) -> HttpResponse:
        check_rate_limit(request, "join")
        require_student(request.user)
        data = serializers.ClassroomJoinSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        membership = services.join_classroom(student=request.user, **data.validated_data)
        return json_response(serialize_membership(membership))


class MembersView(APIView):
    @documented(
        "classrooms_members_list",
        "List the members of a classroom",
        {200: serializers.MembershipPageSerializer},
        query=[serializers.MembersQuerySerializer],
        errors=["not_found"],
        description="By its tutor. Removed members are among them; invited addresses come last.",
    )
    def get(self, request: AuthenticatedRequest, classroom_id: int) -> HttpResponse:
        classroom = access_classroom(request.user, classroom_id)
        query = serializers.MembersQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        status = query.validated_data.get("status")
        count, results = list_members(classroom.pk, query.words, status, query.page)
        return json_response({"count": count, "results": results})

    @documented(
        "classrooms_members_create",
        "Invite a student by e-mail",
        {201: serializers.MembershipSerializer},
        body=serializers.MembershipCreateSerializer,
        errors=["not_found"],
        description=INVITE_DESCRIPTION,
    )
    def post(self, request: AuthenticatedRequest, classroom_id: int) -> HttpResponse:
        with logged_refusals("invitation_refused", request):
            classroom = access_classroom(request.user, classroom_id)
        data = serializers.MembershipCreateSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        with logged_refusals("invitation_refused", request):
            membership = services.invite_to_classroom(classroom=classroom, **data.validated_data)
        return json_response(serialize_membership(membership), 201)


class MembershipView(APIView):
    @documented(
        "memberships_partial_update",
        "Pause, resume or remove a member",
        {200: serializers.MembershipSerializer},
        body=serializers.MembershipUpdateSerializer,
        errors=["not_found"],
        description="By the tutor. Lessons can be scheduled with an `active` member alone.",
    )
    def patch(self, request: AuthenticatedRequest, membership_id: int) -> HttpResponse:
        membership = access_membership(request.user, membership_id)
        data = serializers.MembershipUpdateSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        membership = services.change_membership(membership=membership, **data.validated_data)
        return json_response(serialize_membership(membership))


class InvitationLinkView(APIView):
    @documented(
        "memberships_link_create",
        "Make an invitation link to hand over",
        {200: serializers.InvitationLinkSerializer},
        errors=["not_found"],
        description=f"Whoever holds it may accept, within {LINK_LIFETIME.days} days and while the "
        "invitation stands. 403 where the membership is not `invited`.",
    )
    def post(self, request: AuthenticatedRequest, membership_id: int) -> HttpResponse:
        membership = access_membership(request.user, membership_id)
        url, expires_at, token = services.create_invitation_link(membership=membership)
        return json_response({"invite_url": url, "expires_at": expires_at, "token": token})


class AcceptView(APIView):
    @documented(
        "memberships_accept",
        "Accept an invitation",
        {200: serializers.MembershipSerializer},
        body=serializers.InvitationReplySerializer,
        errors=["not_found", "invite_invalid", "invite_expired"],
        description="By a student who has confirmed the invited address, or who sends the link.",
    )
    def post(self, request: AuthenticatedRequest, membership_id: int) -> HttpResponse:
        data = serializers.InvitationReplySerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        token = data.validated_data.get("invitation", "")
        invitation = access_invitation(request.user, membership_id, token)
        membership = services.accept_invitation(membership=invitation, student=request.user)
        return json_response(serialize_membership(membership))


class DeclineView(APIView):
    @documented(
        "memberships_decline",
        "Decline an invitation",
        {200: serializers.MembershipSerializer},
        body=serializers.InvitationDeclineSerializer,
        errors=["not_found", "invite_invalid", "invite_expired"],
        description="It becomes `declined`. The tutor may invite the student again, and the join "
        "code still works. Also by a tutor who was taken for a student, and who cannot block.",
    )
    def post(self, request: AuthenticatedRequest, membership_id: int) -> HttpResponse:
        data = serializers.InvitationDeclineSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        token = data.validated_data.get("invitation", "")
        membership = services.decline_invitation(
            membership=access_invitation_to_decline(request.user, membership_id, token),
            person=request.user,
            block_tutor=data.validated_data.get("block_tutor", False),
        )
        return json_response(serialize_membership(membership))


class LeaveView(APIView):
    @documented(
        "memberships_leave",
        "Leave a classroom",
        {200: serializers.MembershipSerializer},
        errors=["not_found"],
        description="Lessons stay. An `active` member becomes `left` and may join again by the "
        "code; a `paused` one becomes `removed`.",
    )
    def post(self, request: AuthenticatedRequest, membership_id: int) -> HttpResponse:
        membership = access_own_membership(request.user, membership_id)
        return json_response(serialize_membership(services.leave_classroom(membership=membership)))


class MyStudentsView(APIView):
    @documented(
        "my_students_list",
        "List the tutor's students",
        {200: serializers.MyStudentPageSerializer},
        query=[PageQuerySerializer],
        description="Everybody who is an `active` member of one of the tutor's classrooms, each "
        "once, by last name, first name and id. Every word of `q` must occur in the names or the "
        "address, in any order and letter case.",
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        require_tutor(request.user)
        query = PageQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        count, results = list_my_students(request.user, query.words, query.page)
        return json_response({"count": count, "results": results})
