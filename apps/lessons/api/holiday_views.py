from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.views import APIView

from apps.accounts.policies import require_tutor
from apps.accounts.requests import AuthenticatedRequest
from apps.common.errors import not_found
from apps.common.json import json_response
from apps.common.openapi import documented, example
from apps.common.parsing import MAX_ID, TextField, drop_nulls
from apps.lessons.api.series_serializers import DocumentedDayField
from apps.lessons.models import Holiday
from apps.lessons.series.holidays import add_holiday, load_holidays, suggest_school_holidays

_DATES = {"name": "Winter holidays", "first_date": "2026-12-26", "last_date": "2027-01-10"}


@example(_DATES)
class HolidayCreateSerializer(serializers.Serializer[Any]):
    name = TextField(max_length=100)
    first_date = DocumentedDayField()
    last_date = DocumentedDayField(help_text="The last day without lessons.")


@example({"id": 3, **_DATES})
class HolidaySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    first_date = serializers.DateField()
    last_date = serializers.DateField()


class SuggestionSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    first_date = serializers.DateField()
    last_date = serializers.DateField()
    is_estimated = serializers.BooleanField(
        help_text="True: the same weeks as in the last published year; false: as recommended. "
        "Each school decides for itself."
    )


@example({"results": [{"id": 3, **_DATES}], "suggestions": [{**_DATES, "is_estimated": True}]})
class HolidayListSerializer(serializers.Serializer[Any]):
    results = HolidaySerializer(many=True)
    suggestions = SuggestionSerializer(many=True, help_text="Of Ukrainian schools.")


def _row(holiday: Holiday) -> dict[str, Any]:
    return {name: getattr(holiday, name) for name in ("id", "name", "first_date", "last_date")}


class HolidaysView(APIView):
    @documented(
        "me_holidays_list",
        "List days without lessons",
        {200: HolidayListSerializer},
        description="By a tutor: the holidays that new series skip, and those of Ukrainian schools "
        "as suggestions.",
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        require_tutor(request.user)
        today = request.user.to_local_time(timezone.now()).date()
        fields = ("name", "first_date", "last_date", "is_estimated")
        suggestions = [
            {name: getattr(each, name) for name in fields}
            for each in suggest_school_holidays(today)
        ]
        results = [_row(each) for each in load_holidays(request.user)]
        return json_response({"results": results, "suggestions": suggestions})

    @documented(
        "me_holidays_create",
        "Add days without lessons",
        {201: HolidaySerializer},
        body=HolidayCreateSerializer,
        description="By a tutor. Lessons that exist stay; series that are made or extended from "
        "then on skip these dates.",
    )
    def post(self, request: AuthenticatedRequest) -> HttpResponse:
        require_tutor(request.user)
        data = HolidayCreateSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        return json_response(_row(add_holiday(tutor=request.user, **data.validated_data)), 201)


class HolidayView(APIView):
    @documented(
        "me_holidays_destroy",
        "Delete days without lessons",
        {204: None},
        errors=["not_found"],
        description="By the tutor who added them.",
    )
    def delete(self, request: AuthenticatedRequest, holiday_id: int) -> HttpResponse:
        require_tutor(request.user)
        own = Holiday.objects.filter(pk=min(holiday_id, MAX_ID), tutor=request.user)
        if not own.delete()[0]:
            raise not_found()
        return HttpResponse(status=204)
