from django.http import HttpResponse
from rest_framework.views import APIView

from apps.accounts.requests import AuthenticatedRequest
from apps.common.etags import ETAG
from apps.common.openapi import documented
from apps.common.parsing import drop_nulls
from apps.lessons.api import serializers
from apps.lessons.api.change_header import CHANGE_ID, with_change_id
from apps.lessons.api.views import lesson_response
from apps.lessons.policies import Action, access_lesson
from apps.lessons.series import scoped
from apps.lessons.series.scope import Scope


class ParticipantsView(APIView):
    @documented(
        "lessons_students_create",
        "Add a student to a lesson",
        {200: serializers.LessonSerializer},
        body=serializers.ParticipantCreateSerializer,
        query=[ETAG, CHANGE_ID],
        errors=["lesson_not_found", "not_a_member", "lesson_conflict", "lesson_cancelled"],
        description="By the lesson's tutor; nothing changes for a student who is in it already. "
        "A student whose participation was cancelled is booked again. With `scope` also to the "
        "lessons of its series that have not started, and to those that it will get.",
    )
    def post(self, request: AuthenticatedRequest, lesson_id: int) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.EDIT)
        data = serializers.ParticipantCreateSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        scope = Scope(data.validated_data.get("scope", Scope.THIS))
        change = scoped.add_student(
            lesson=lesson, scope=scope, student_id=data.validated_data["student_id"]
        )
        return with_change_id(lesson_response(lesson), change)


class ParticipantView(APIView):
    # Its PATCH is in apps/billing/api/policy_views.py, since it charges the lesson.
    @documented(
        "lessons_students_destroy",
        "Remove a student from a lesson",
        {200: serializers.LessonSerializer},
        query=[serializers.ScopeQuerySerializer, ETAG, CHANGE_ID],
        errors=["lesson_not_found", "not_found", "validation_error", "lesson_cancelled"],
        description="By the lesson's tutor. The last student cannot be removed: cancel the lesson.",
    )
    def delete(
        self, request: AuthenticatedRequest, lesson_id: int, student_id: int
    ) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.EDIT)
        query = serializers.ScopeQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        scope = Scope(query.validated_data.get("scope") or Scope.THIS)
        change = scoped.remove_student(lesson=lesson, scope=scope, student_id=student_id)
        return with_change_id(lesson_response(lesson), change)
