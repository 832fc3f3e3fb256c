from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.views import APIView

from apps.accounts.policies import require_tutor
from apps.accounts.requests import AuthenticatedRequest
from apps.common.json import json_response
from apps.common.openapi import documented
from apps.common.parsing import drop_nulls
from apps.lessons.api import change_serializers as serializers
from apps.lessons.models import UNDO_TIME, LessonChange
from apps.lessons.policies import Action, access_change, access_lesson
from apps.lessons.series import undo
from apps.lessons.series.changes import Wanted
from apps.lessons.series.previews import preview_change
from apps.lessons.series.scope import Scope


class ChangePreviewView(APIView):
    @documented(
        "lessons_changes_preview",
        "Preview a change of lessons",
        {200: serializers.ChangePreviewSerializer},
        body=serializers.ChangePreviewCreateSerializer,
        errors=["lesson_not_found", "lesson_cancelled", "not_found", "not_a_member"],
        description="By the lesson’s tutor: every lesson that the change would touch, as it is and "
        "as it would be, with what is in its way. Writes nothing.",
    )
    def post(self, request: AuthenticatedRequest, lesson_id: int) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.EDIT)
        data = serializers.ChangePreviewCreateSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        fields: dict[str, Any] = dict(data.validated_data)
        rows = preview_change(
            lesson=lesson,
            action=fields.pop("action"),
            scope=Scope(fields.pop("scope", Scope.THIS)),
            student_id=fields.pop("student_id", None),
            wanted=Wanted(**fields),
        )
        return json_response({"changes": rows})


class LessonChangesView(APIView):
    @documented(
        "lesson_changes_list",
        "List changes that can be undone",
        {200: serializers.LessonChangeListSerializer},
        description="By a tutor: the changes of the last minute, the newest first.",
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        require_tutor(request.user)
        changes = undo.list_undoable(request.user, timezone.now())
        return json_response({"results": [_row(change) for change in changes]})


def _row(change: LessonChange) -> dict[str, Any]:
    return {
        "id": change.pk,
        "kind": change.kind,
        "created_at": change.created_at,
        "undo_until": change.created_at + UNDO_TIME,
        "lessons_count": undo.count_changed(change),
    }


class UndoView(APIView):
    @documented(
        "lesson_changes_undo",
        "Undo a change of lessons",
        {200: serializers.UndoneSerializer},
        errors=["not_found", "not_undoable", "lesson_conflict", "precondition_failed"],
        description="By the tutor who made it, within a minute and once, as long as the lessons "
        "have not changed again. The students are told.",
    )
    def post(self, request: AuthenticatedRequest, change_id: int) -> HttpResponse:
        change = access_change(request.user, change_id)
        count = undo.undo(change=change, now=timezone.now())
        return json_response({"lessons_count": count})
