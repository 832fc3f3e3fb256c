from django.http import HttpResponse
from django.utils import timezone
from rest_framework.views import APIView

from apps.accounts.requests import AuthenticatedRequest
from apps.common.etags import ETAG
from apps.common.openapi import documented
from apps.lessons import participants
from apps.lessons.api import serializers
from apps.lessons.api.views import lesson_response
from apps.lessons.policies import Action, access_lesson


class ParticipantsView(APIView):
    @documented(
        "lessons_students_create",
        "Add a student to a lesson",
        {200: serializers.LessonSerializer},
        body=serializers.ParticipantCreateSerializer,
        query=[ETAG],
        errors=["lesson_not_found", "not_a_member", "lesson_conflict", "lesson_cancelled"],
        description="By the lesson's tutor; nothing changes for a student who is in it already. "
        "A student whose participation was cancelled is booked again.",
    )
    def post(self, request: AuthenticatedRequest, lesson_id: int) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.EDIT)
        data = serializers.ParticipantCreateSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        participants.add_student(lesson=lesson, **data.validated_data)
        return lesson_response(lesson)


class ParticipantView(APIView):
    @documented(
        "lessons_students_destroy",
        "Remove a student from a lesson",
        {200: serializers.LessonSerializer},
        query=[ETAG],
        errors=["lesson_not_found", "not_found", "validation_error", "lesson_cancelled"],
        description="By the lesson's tutor. The last student cannot be removed: cancel the lesson.",
    )
    def delete(
        self, request: AuthenticatedRequest, lesson_id: int, student_id: int
    ) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.EDIT)
        participants.remove_student(lesson=lesson, student_id=student_id)
        return lesson_response(lesson)

    @documented(
        "lessons_students_partial_update",
        "Record whether a student came",
        {200: serializers.LessonSerializer},
        body=serializers.ParticipantUpdateSerializer,
        query=[ETAG],
        errors=["lesson_not_found", "not_found", "lesson_cancelled"],
        description="By the lesson's tutor, once the lesson has started.",
    )
    def patch(self, request: AuthenticatedRequest, lesson_id: int, student_id: int) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.EDIT)
        data = serializers.ParticipantUpdateSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        participants.set_participation(
            lesson=lesson, student_id=student_id, now=timezone.now(), **data.validated_data
        )
        return lesson_response(lesson)
