from datetime import timedelta

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from apps.accounts.policies import require_tutor
from apps.accounts.requests import SignedIn
from apps.classroom.services import session_of
from apps.common.errors import invalid
from apps.common.json import json_response
from apps.common.openapi import Error, documented
from apps.common.parsing import parse_flag, parse_range, without_nulls
from apps.common.versions import ETAG, IF_MATCH, etag, versions_asked_for
from apps.lessons import services
from apps.lessons.api import serializers as shapes
from apps.lessons.invites import make_invite, read_invite
from apps.lessons.models import Lesson
from apps.lessons.policies import Action, access_lesson
from apps.lessons.queries import Row, calendar, lesson_json

LONGEST_RANGE = timedelta(days=366)

_RANGE = [
    OpenApiParameter(name, str, required=True, description="An instant with an offset, or a date.")
    for name in ("from", "to")
] + [OpenApiParameter("include_cancelled", bool)]
_IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key", str, OpenApiParameter.HEADER, description="1 to 255 printable characters."
)


class LessonsView(APIView):
    @documented("My lessons that overlap [from, to)", {200: shapes.LessonList}, query=_RANGE)
    def get(self, request: SignedIn) -> HttpResponse:
        start, end = parse_range(request.query_params, request.user.zone, LONGEST_RANGE)
        cancelled = parse_flag(request.query_params, "include_cancelled")
        return json_response({"results": calendar(request.user, start, end, cancelled=cancelled)})

    @documented(
        "Schedule a lesson",
        {201: shapes.LessonShape},
        body=shapes.ScheduleInput,
        query=[_IDEMPOTENCY],
        errors=(409,),
    )
    def post(self, request: SignedIn) -> HttpResponse:
        require_tutor(request.user)
        data = shapes.ScheduleInput(data=without_nulls(request.data))
        data.is_valid(raise_exception=True)
        lesson = services.schedule_lesson(
            tutor=request.user,
            idempotency=_idempotency(request, data.validated_data),
            **data.validated_data,
        )
        return json_response(lesson_json(lesson.pk), 201)


def _idempotency(request: SignedIn, asked: Row) -> services.Idempotency | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= 255 or not key.isascii() or not key.isprintable():
        raise invalid(**{"Idempotency-Key": _("1 to 255 printable characters.")})
    return services.Idempotency.of(key, asked)


class LessonView(APIView):
    @documented("A lesson of mine", {200: shapes.LessonShape}, query=[ETAG], errors=(404,))
    def get(self, request: SignedIn, lesson_id: int) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.VIEW)
        return _answer(lesson)

    @documented(
        "Rename or move a lesson",
        {200: shapes.LessonShape},
        body=shapes.RescheduleInput,
        query=[IF_MATCH, ETAG],
        errors=(404, 409, 412),
    )
    def patch(self, request: SignedIn, lesson_id: int) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.EDIT)
        data = shapes.RescheduleInput(data=without_nulls(request.data))
        data.is_valid(raise_exception=True)
        changes = data.validated_data
        seen = services.Seen(
            versions_asked_for(request),
            changes.pop("expected_starts_at", None),
            changes.pop("expected_ends_at", None),
        )
        services.reschedule_lesson(tutor=request.user, lesson=lesson, seen=seen, **changes)
        return _answer(lesson)


def _answer(lesson: Lesson) -> HttpResponse:
    """With the version of what `lesson` holds, which a client may send back as `If-Match`."""
    answer = json_response(lesson_json(lesson.pk))
    answer["ETag"] = etag(lesson.version)
    return answer


class CancelView(APIView):
    @documented(
        "Cancel a lesson", {200: shapes.LessonShape}, body=shapes.CancelInput, errors=(404, 409)
    )
    def post(self, request: SignedIn, lesson_id: int) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.EDIT)
        data = shapes.CancelInput(data=without_nulls(request.data))
        data.is_valid(raise_exception=True)
        services.cancel_lesson(lesson=lesson, **data.validated_data)
        return json_response(lesson_json(lesson.pk))


class RoomView(APIView):
    @documented("The room of a lesson", {200: shapes.RoomShape}, errors=(404,))
    def get(self, request: SignedIn, lesson_id: int) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.ENTER)
        session = session_of(lesson_id=lesson.pk)
        return json_response({"lesson_id": lesson.pk, "session_uuid": session.uuid})


class InviteView(APIView):
    @documented(
        "Make an invite link",
        {200: shapes.InviteShape},
        body=shapes.InviteInput,
        errors=(404, 409),
    )
    def post(self, request: SignedIn, lesson_id: int) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.EDIT)
        data = shapes.InviteInput(data=without_nulls(request.data))
        data.is_valid(raise_exception=True)
        invite = make_invite(lesson=lesson, now=timezone.now(), **data.validated_data)
        return json_response(
            {"invite_url": invite.url, "expires_at": invite.expires_at, "token": invite.token}
        )


class RevokeInvitesView(APIView):
    @documented("Make every earlier invite link invalid", {204: None}, errors=(404,))
    def post(self, request: SignedIn, lesson_id: int) -> HttpResponse:
        access_lesson(request.user, lesson_id, to=Action.EDIT).revoke_invites()
        return HttpResponse(status=204)


class ResolveInviteView(APIView):
    throttle_classes = [ScopedRateThrottle]
    throttle_scope = "invite"

    @documented(
        "The room that an invite link opens",
        {200: shapes.RoomShape, 400: Error},
        query=[OpenApiParameter("token", str, required=True)],
        errors=(404, 409, 410),
    )
    def get(self, request: SignedIn) -> HttpResponse:
        lesson = read_invite(request.query_params.get("token", ""))
        session = session_of(lesson_id=lesson.pk)
        return json_response({"lesson_id": lesson.pk, "session_uuid": session.uuid})
