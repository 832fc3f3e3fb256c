"""The header by which a change of lessons can be undone."""

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter

from apps.lessons.models import LessonChange


def _header(status: int) -> OpenApiParameter:
    return OpenApiParameter(
        "Change-Id",
        int,
        OpenApiParameter.HEADER,
        response=[status],
        description="By which `lesson_changes_undo` takes the change back; absent if nothing "
        "changed.",
    )


CHANGE_ID, CREATED_CHANGE_ID = _header(200), _header(201)


def with_change_id(response: HttpResponse, change: LessonChange | None) -> HttpResponse:
    if change is not None:
        response["Change-Id"] = str(change.pk)
    return response
