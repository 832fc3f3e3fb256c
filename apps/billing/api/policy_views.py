from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.views import APIView

from apps.accounts.models import User
from apps.accounts.policies import require_tutor
from apps.accounts.requests import AuthenticatedRequest
from apps.billing.api import serializers
from apps.billing.cancellation_policies import get_policy, policy_json, set_policy
from apps.billing.cancellations import (
    cancel_as_student,
    cancel_as_tutor,
    load_terms,
    record_participation,
    waive,
)
from apps.billing.limits import POLICIES, count_use
from apps.billing.wording import describe_terms
from apps.common.errors import invalid, not_found
from apps.common.etags import ETAG
from apps.common.json import json_response
from apps.common.openapi import documented
from apps.common.parsing import drop_nulls
from apps.lessons.api import participant_views
from apps.lessons.api.change_header import CHANGE_ID, with_change_id
from apps.lessons.api.serializers import LessonSerializer, ParticipantUpdateSerializer
from apps.lessons.api.views import lesson_response
from apps.lessons.models import Lesson
from apps.lessons.policies import Action, access_lesson
from apps.lessons.queries import lesson_json
from apps.lessons.series.scope import Scope


class CancellationPolicyView(APIView):
    @documented(
        "me_cancellation_policy_retrieve",
        "Get your cancellation policy",
        {200: serializers.CancellationPolicySerializer},
        description="By a tutor. Until it is set, students may not cancel.",
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        require_tutor(request.user)
        return json_response(policy_json(get_policy(request.user.pk)))

    @documented(
        "me_cancellation_policy_update",
        "Set your cancellation policy",
        {200: serializers.CancellationPolicySerializer},
        body=serializers.CancellationPolicySerializer,
        description="By a tutor, for lessons that are booked from then on: each lesson keeps the "
        "policy in force when it was booked.",
    )
    def put(self, request: AuthenticatedRequest) -> HttpResponse:
        require_tutor(request.user)
        data = serializers.CancellationPolicySerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        count_use(request.user, "policies", POLICIES, timezone.now())
        return json_response(policy_json(set_policy(tutor=request.user, **data.validated_data)))


class CancellationTermsView(APIView):
    @documented(
        "lessons_cancellation_terms_retrieve",
        "Get what cancelling a lesson now would cost a student",
        {200: serializers.CancellationTermsSerializer},
        query=[serializers.TermsQuerySerializer],
        errors=["lesson_not_found", "not_found"],
        description="By the lesson’s people, as of now, by the policy at its booking.",
    )
    def get(self, request: AuthenticatedRequest, lesson_id: int) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.VIEW)
        query = serializers.TermsQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        student = _find_student(request.user, lesson, query.validated_data.get("student_id"))
        now = timezone.now()
        found = load_terms(lesson, student, now)
        return json_response(
            {
                "free_until": found.terms.free_until,
                "outcome": found.terms.outcome,
                "charge_percent": found.terms.charge_percent,
                "free_late_cancellations_left": found.terms.free_late_left,
                "detail": describe_terms(lesson, request.user, found, now),
            }
        )


def _find_student(user: User, lesson: Lesson, student_id: int | None) -> User:
    """Students see their own terms. Raises `not_found`."""
    if user.is_student:
        return user
    students = lesson.participants.select_related("student")
    if student_id is not None:
        students = students.filter(student=student_id)
    participant = students.first()
    if participant is None:
        raise not_found()
    return participant.student


class CancelView(APIView):
    @documented(
        "lessons_cancel",
        "Cancel a lesson",
        {200: LessonSerializer},
        body=serializers.CancelSerializer,
        query=[CHANGE_ID],
        errors=["lesson_not_found", "lesson_cancelled", "policy_forbids"],
        description="By its tutor: it can still be read, and its time is free again. With `scope` "
        "the lessons of its series that have not started; they never come back. By a student: ends "
        "the student’s participation by `lessons_cancellation_terms_retrieve`; with the last one "
        "the lesson is cancelled.",
    )
    def post(self, request: AuthenticatedRequest, lesson_id: int) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.VIEW)
        data = serializers.CancelSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        fields = dict(data.validated_data)
        scope = Scope(fields.pop("scope", Scope.THIS))
        if request.user.is_tutor:
            change = cancel_as_tutor(lesson=lesson, scope=scope, reason=fields.get("reason", ""))
            return with_change_id(json_response(lesson_json(lesson.pk)), change)
        if scope is not Scope.THIS:
            raise invalid(scope=_("You can cancel one lesson at a time."))
        cancel_as_student(lesson=lesson, student=request.user, now=timezone.now(), **fields)
        return json_response(lesson_json(lesson.pk))


class ParticipantView(participant_views.ParticipantView):
    @documented(
        "lessons_students_partial_update",
        "Record whether a student came",
        {200: LessonSerializer},
        body=ParticipantUpdateSerializer,
        query=[ETAG],
        errors=["lesson_not_found", "not_found", "lesson_cancelled"],
        description="By the lesson’s tutor, once the lesson has started. The lesson is charged.",
    )
    def patch(self, request: AuthenticatedRequest, lesson_id: int, student_id: int) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.EDIT)
        data = ParticipantUpdateSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        record_participation(
            lesson=lesson, student_id=student_id, now=timezone.now(), **data.validated_data
        )
        return lesson_response(lesson)


class WaiveView(APIView):
    @documented(
        "lessons_students_waive",
        "Waive what a student was charged for a lesson",
        {200: LessonSerializer},
        body=serializers.NoteSerializer,
        errors=["lesson_not_found", "not_found", "already_reversed"],
        description="By the lesson’s tutor. The charge is reversed; the decision stays.",
    )
    def post(self, request: AuthenticatedRequest, lesson_id: int, student_id: int) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.EDIT)
        data = serializers.NoteSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        waive(
            lesson=lesson,
            student_id=student_id,
            tutor=request.user,
            note=data.validated_data["note"],
        )
        return json_response(lesson_json(lesson.pk))
