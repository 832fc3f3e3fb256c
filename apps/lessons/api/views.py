from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework.views import APIView

from apps.accounts.policies import require_tutor
from apps.accounts.requests import AuthenticatedRequest
from apps.classroom.services import get_or_create_session
from apps.common.etags import ETAG, IF_MATCH, etag, parse_if_match
from apps.common.idempotency import PARAMETER as IDEMPOTENCY_KEY
from apps.common.idempotency import parse_idempotency_key
from apps.common.json import json_response
from apps.common.openapi import documented
from apps.common.parsing import drop_nulls, parse_boolean, parse_range
from apps.common.rate_limits import check_rate_limit
from apps.lessons import services
from apps.lessons.api import serializers
from apps.lessons.api.change_header import CHANGE_ID, with_change_id
from apps.lessons.invites import make_invite, read_invite
from apps.lessons.models import Lesson
from apps.lessons.policies import Action, access_lesson
from apps.lessons.queries import MAX_LESSONS, lesson_json, list_lessons
from apps.lessons.series import scoped
from apps.lessons.series.changes import Wanted
from apps.lessons.series.scope import Scope

MAX_RANGE = timedelta(days=366)

_RANGE = [
    OpenApiParameter(
        name,
        str,
        required=True,
        description="An instant with an offset, or a date: midnight in the person's time zone.",
        examples=[
            OpenApiExample("instant", value=f"2026-03-0{day}T00:00:00Z"),
            OpenApiExample("date", value=f"2026-03-0{day}"),
        ],
    )
    for name, day in (("from", 2), ("to", 9))
] + [
    OpenApiParameter("include_cancelled", bool, description="Lessons that were cancelled too."),
]
_TOKEN = OpenApiParameter("token", str, required=True, description="The `token` of the invite.")


class LessonsView(APIView):
    @documented(
        "lessons_list",
        "List lessons in a range of time",
        {200: serializers.LessonListSerializer},
        query=_RANGE,
        description="The lessons that a tutor teaches, or a student attends, which overlap the "
        "half-open range from `from` to `to`, by their start. At most "
        f"{MAX_RANGE.days} days and {MAX_LESSONS:,} lessons.",
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        start, end = parse_range(request.query_params, request.user.zone, MAX_RANGE)
        include_cancelled = parse_boolean(request.query_params, "include_cancelled")
        return json_response(
            {"results": list_lessons(request.user, start, end, include_cancelled=include_cancelled)}
        )

    @documented(
        "lessons_create",
        "Schedule a lesson",
        {201: serializers.LessonSerializer},
        body=serializers.LessonCreateSerializer,
        query=[IDEMPOTENCY_KEY],
        errors=["not_a_member", "lesson_conflict"],
        description="By a tutor, with 1 to 30 students who are each an `active` member of one of "
        "the tutor's classrooms. A lesson must last between 5 minutes and 12 hours.",
    )
    def post(self, request: AuthenticatedRequest) -> HttpResponse:
        require_tutor(request.user)
        data = serializers.LessonCreateSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        lesson = services.schedule_lesson(
            tutor=request.user,
            idempotency=parse_idempotency_key(request, _digested(data.validated_data)),
            **data.validated_data,
        )
        return json_response(lesson_json(lesson.pk), 201)


def _digested(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that make two requests the same; of one student, those of release 0.32."""
    fields = dict(fields)
    if len(fields["student_ids"]) == 1:
        fields["student_id"] = fields.pop("student_ids")[0]
    return fields


class LessonView(APIView):
    @documented(
        "lessons_retrieve",
        "Get a lesson",
        {200: serializers.LessonSerializer},
        query=[ETAG],
        errors=["lesson_not_found"],
        description="By its tutor or one of its students.",
    )
    def get(self, request: AuthenticatedRequest, lesson_id: int) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.VIEW)
        return lesson_response(lesson)

    @documented(
        "lessons_partial_update",
        "Rename or move a lesson",
        {200: serializers.LessonSerializer},
        body=serializers.LessonUpdateSerializer,
        query=[IF_MATCH, ETAG, CHANGE_ID],
        errors=["lesson_not_found", "lesson_conflict", "lesson_cancelled", "precondition_failed"],
        description="By its tutor. Fields that are left out stay as they are; the students are "
        "mailed only if the time changes. With `scope` the lessons of its series move by the same "
        "difference of wall-clock time; exceptions keep what was changed in them. `following` "
        "splits the series. Ids, rooms, boards and links stay.",
    )
    def patch(self, request: AuthenticatedRequest, lesson_id: int) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.EDIT)
        data = serializers.LessonUpdateSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        changes = data.validated_data
        expected = services.ExpectedState(
            parse_if_match(request),
            changes.pop("expected_starts_at", None),
            changes.pop("expected_ends_at", None),
        )
        change = scoped.update_lesson(
            tutor=request.user,
            lesson=lesson,
            scope=Scope(changes.pop("scope", Scope.THIS)),
            wanted=Wanted(**changes),
            expected=expected,
        )
        return with_change_id(lesson_response(lesson), change)


def lesson_response(lesson: Lesson) -> HttpResponse:
    """With the lesson's version as ETag, which a client may send back as `If-Match`."""
    response = json_response(lesson_json(lesson.pk))
    response["ETag"] = etag(lesson.get_version())
    return response


class RoomView(APIView):
    @documented(
        "lessons_room_retrieve",
        "Get the room of a lesson",
        {200: serializers.RoomSerializer},
        errors=["lesson_not_found"],
        description="By its tutor or one of its students. The uuid is what `room_join` takes.",
    )
    def get(self, request: AuthenticatedRequest, lesson_id: int) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.ENTER)
        session = get_or_create_session(lesson_id=lesson.pk)
        return json_response({"lesson_id": lesson.pk, "session_uuid": session.uuid})


class InviteView(APIView):
    @documented(
        "lessons_invite_create",
        "Make an invite link",
        {200: serializers.InviteSerializer},
        body=serializers.InviteCreateSerializer,
        errors=["lesson_not_found", "lesson_cancelled"],
        description="By the lesson's tutor. Whoever holds the link may ask to enter the room as a "
        "guest until it expires.",
    )
    def post(self, request: AuthenticatedRequest, lesson_id: int) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.EDIT)
        data = serializers.InviteCreateSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        invite = make_invite(lesson=lesson, now=timezone.now(), **data.validated_data)
        return json_response(
            {"invite_url": invite.url, "expires_at": invite.expires_at, "token": invite.token}
        )


class RevokeInvitesView(APIView):
    @documented(
        "lessons_invites_revoke",
        "Revoke all invite links",
        {204: None},
        errors=["lesson_not_found"],
        description="By the lesson's tutor. Every link made before is `invite_invalid` from then "
        "on.",
    )
    def post(self, request: AuthenticatedRequest, lesson_id: int) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.EDIT)
        services.revoke_invites(lesson_id=lesson.pk)
        return HttpResponse(status=204)


class ResolveInviteView(APIView):
    @documented(
        "lesson_invites_resolve",
        "Resolve an invite link",
        {200: serializers.RoomSerializer},
        query=[_TOKEN],
        errors=["invite_invalid", "lesson_not_found", "lesson_cancelled", "invite_expired"],
        description="By anybody who is signed in and holds a valid token: the room it opens.",
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        check_rate_limit(request, "invite")
        lesson = read_invite(request.query_params.get("token", "")).lesson
        session = get_or_create_session(lesson_id=lesson.pk)
        return json_response({"lesson_id": lesson.pk, "session_uuid": session.uuid})
