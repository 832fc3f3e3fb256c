from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.accounts.models import User
from apps.accounts.policies import require_tutor
from apps.accounts.requests import AuthenticatedRequest
from apps.common.idempotency import PARAMETER as IDEMPOTENCY_KEY
from apps.common.idempotency import parse_idempotency_key
from apps.common.json import json_response
from apps.common.openapi import documented
from apps.common.pagination import Page, PageQuerySerializer
from apps.common.parsing import drop_nulls
from apps.lessons.api import series_serializers as serializers
from apps.lessons.api.change_header import CREATED_CHANGE_ID, with_change_id
from apps.lessons.models import LessonSeries
from apps.lessons.policies import Action, access_series
from apps.lessons.series import queries, services
from apps.lessons.series.planning import Choices
from apps.lessons.series.restart import restart_series
from apps.lessons.series.scoped import make_series
from apps.lessons.series.services import OnConflict, SeriesPlan
from apps.lessons.series.zone_differences import find_local_time_changes


class ListQuerySerializer(PageQuerySerializer):
    q = None  # type: ignore[assignment]


class SeriesListView(APIView):
    @documented(
        "lesson_series_list",
        "List lesson series",
        {200: serializers.SeriesListSerializer},
        query=[ListQuerySerializer],
        description="The series that a tutor teaches, or a student attends, the newest first.",
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        count, rows = queries.list_series(request.user, _page(request))
        return json_response({"count": count, "results": rows})

    @documented(
        "lesson_series_create",
        "Make a lesson series",
        {201: serializers.SeriesSerializer},
        body=serializers.SeriesCreateSerializer,
        query=[IDEMPOTENCY_KEY, CREATED_CHANGE_ID],
        errors=["not_a_member", "lesson_conflict"],
        description="By a tutor, with active members of the tutor’s classrooms. All lessons are "
        "made at once or none. The wall-clock time stays the same when clocks change; a time that "
        "a change skips moves forward by the gap, of one that comes twice it is the first. Can be "
        "undone: single lessons that joined are single again, the others are deleted.",
    )
    def post(self, request: AuthenticatedRequest) -> HttpResponse:
        require_tutor(request.user)
        fields = _parse(request)
        idempotency = parse_idempotency_key(request, fields)
        on_conflict = OnConflict(fields.pop("on_conflict", OnConflict.REJECT))
        series, change = make_series(
            tutor=request.user,
            wanted=_plan_of(request.user, fields),
            on_conflict=on_conflict,
            idempotency=idempotency,
        )
        return with_change_id(json_response(queries.series_json(series), 201), change)


class SeriesPreviewView(APIView):
    @documented(
        "lesson_series_preview",
        "Preview a lesson series",
        {200: serializers.SeriesPreviewSerializer},
        body=serializers.SeriesCreateSerializer,
        errors=["not_a_member"],
        description="Each lesson with what is in its way, and the days on which lessons come to "
        "another local time of a student. Writes nothing.",
    )
    def post(self, request: AuthenticatedRequest) -> HttpResponse:
        require_tutor(request.user)
        fields = _parse(request)
        fields.pop("on_conflict", None)
        wanted = _plan_of(request.user, fields)
        planned, students = services.preview_series(tutor=request.user, wanted=wanted)
        services.check_preview_limits(request.user, wanted, planned, students)
        starts = sorted(one.original_starts_at for one in planned)
        changes = find_local_time_changes(starts, wanted.recurrence().zone, students)
        return json_response(
            {
                "occurrences": queries.occurrence_rows(planned),
                "zone_changes": [queries.zone_change_row(change) for change in changes],
            }
        )


class SeriesView(APIView):
    @documented(
        "lesson_series_retrieve",
        "Get a lesson series",
        {200: serializers.SeriesSerializer},
        errors=["series_not_found"],
        description="By its tutor or one of its students.",
    )
    def get(self, request: AuthenticatedRequest, series_id: int) -> HttpResponse:
        return json_response(queries.series_json(access_series(request.user, series_id)))

    @documented(
        "lesson_series_partial_update",
        "Choose the boards of a series",
        {200: serializers.SeriesSerializer},
        body=serializers.SeriesUpdateSerializer,
        errors=["series_not_found"],
        description="By its tutor. Times, title and students are changed through a lesson, with "
        "`scope`.",
    )
    def patch(self, request: AuthenticatedRequest, series_id: int) -> HttpResponse:
        series = access_series(request.user, series_id, to=Action.EDIT)
        data = serializers.SeriesUpdateSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        if mode := data.validated_data.get("board_mode"):
            series.board_mode = mode
            LessonSeries.objects.filter(pk=series.pk).update(board_mode=mode)
        return json_response(queries.series_json(series))


class SeriesRestartView(APIView):
    @documented(
        "lesson_series_restart",
        "Start a series again by a new rule",
        {201: serializers.SeriesSerializer},
        body=serializers.SeriesRestartSerializer,
        query=[CREATED_CHANGE_ID],
        errors=[
            "series_not_found",
            "not_a_member",
            "lesson_conflict",
            "lesson_cancelled",
            "precondition_failed",
        ],
        description="By its tutor: cancels the lessons from a date on and makes a new series in "
        "their place, or changes nothing. Can be undone as a whole.",
    )
    def post(self, request: AuthenticatedRequest, series_id: int) -> HttpResponse:
        series = access_series(request.user, series_id, to=Action.EDIT)
        data = serializers.SeriesRestartSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        fields = dict(data.validated_data)
        new, change = restart_series(
            tutor=request.user,
            series=series,
            from_date=fields.pop("from_date"),
            on_conflict=OnConflict(fields.pop("on_conflict", OnConflict.REJECT)),
            wanted=_plan_of(request.user, fields),
        )
        return with_change_id(json_response(queries.series_json(new), 201), change)


class SeriesLessonsView(APIView):
    @documented(
        "lesson_series_lessons_list",
        "List the lessons of a series",
        {200: serializers.SeriesLessonsSerializer},
        query=[ListQuerySerializer],
        errors=["series_not_found"],
        description="For its tutor all of them, for a student the student’s own; by start, "
        "cancelled ones too.",
    )
    def get(self, request: AuthenticatedRequest, series_id: int) -> HttpResponse:
        series = access_series(request.user, series_id)
        count, rows = queries.list_series_lessons(request.user, series, _page(request))
        return json_response({"count": count, "results": rows})


def _page(request: Request) -> Page:
    query = ListQuerySerializer(data=request.query_params)
    query.is_valid(raise_exception=True)
    return query.page


def _parse(request: Request) -> dict[str, Any]:
    data = serializers.SeriesCreateSerializer(data=drop_nulls(request.data))
    data.is_valid(raise_exception=True)
    return dict(data.validated_data)


def _plan_of(tutor: User, fields: dict[str, Any]) -> SeriesPlan:
    moved = {each["date"]: each["starts_at"] for each in fields.pop("moved", ())}
    choices = Choices(moved, frozenset(fields.pop("allow_dates", ())))
    fields.setdefault("timezone", tutor.timezone)
    return SeriesPlan(choices=choices, **fields)
