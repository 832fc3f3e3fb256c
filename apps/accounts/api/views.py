from django.db import transaction
from django.http import HttpResponse
from rest_framework.views import APIView

from apps.accounts.api.serializers import (
    MeSerializer,
    MeUpdateSerializer,
    TutorBlockPageSerializer,
    TutorBlockSerializer,
)
from apps.accounts.models import User
from apps.accounts.policies import require_student
from apps.accounts.requests import AuthenticatedRequest
from apps.accounts.tutor_blocks import list_tutor_blocks, unblock_tutor
from apps.common.errors import not_found
from apps.common.etags import ETAG, IF_MATCH, check_version, etag, parse_if_match
from apps.common.json import json_response
from apps.common.openapi import documented
from apps.common.pagination import LimitQuerySerializer
from apps.common.parsing import MAX_ID, drop_nulls


def _user_response(user: User) -> HttpResponse:
    response = json_response(MeSerializer(user).data)
    response["ETag"] = etag(user.version)
    return response


class MeView(APIView):
    @documented(
        "me_retrieve",
        "Get the signed-in person",
        {200: MeSerializer},
        query=[ETAG],
        description="The account that the token or session belongs to.",
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        return _user_response(request.user)

    @documented(
        "me_partial_update",
        "Change names, time zone or language",
        {200: MeSerializer},
        body=MeUpdateSerializer,
        query=[IF_MATCH, ETAG],
        errors=["precondition_failed"],
        description="Fields that are left out stay as they are. The time zone is an IANA name.",
    )
    def patch(self, request: AuthenticatedRequest) -> HttpResponse:
        data = MeUpdateSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        with transaction.atomic():
            user = User.objects.select_for_update().get(pk=request.user.pk)
            check_version(user.version, parse_if_match(request))
            for name, value in data.validated_data.items():
                setattr(user, name, value)
            user.save(update_fields=list(data.validated_data))
        return _user_response(user)


class BlockedTutorsView(APIView):
    @documented(
        "me_blocked_tutors_list",
        "List blocked tutors",
        {200: TutorBlockPageSerializer},
        query=[LimitQuerySerializer],
        description="By a student, the latest first: the tutors whose invitations are neither "
        "shown nor mailed. A tutor is blocked while declining (`memberships_decline`).",
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        require_student(request.user)
        query = LimitQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        blocks = list_tutor_blocks(request.user)
        page = blocks[query.page.offset : query.page.stop]
        results = [TutorBlockSerializer(block).data for block in page]
        return json_response({"count": blocks.count(), "results": results})


class BlockedTutorView(APIView):
    @documented(
        "me_blocked_tutors_destroy",
        "Unblock a tutor",
        {204: None},
        errors=["not_found"],
        description="By the student; open invitations of the tutor are shown again.",
    )
    def delete(self, request: AuthenticatedRequest, tutor_id: int) -> HttpResponse:
        require_student(request.user)
        if not unblock_tutor(student=request.user, tutor_id=min(tutor_id, MAX_ID)):
            raise not_found()
        return HttpResponse(status=204)
