from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from rest_framework.parsers import MultiPartParser
from rest_framework.views import APIView

from apps.accounts.policies import require_tutor
from apps.accounts.requests import AuthenticatedRequest
from apps.booking.api import serializers
from apps.booking.calendars.services import add_address, add_file
from apps.booking.models import ExternalCalendar
from apps.common.errors import not_found
from apps.common.json import json_response
from apps.common.openapi import documented
from apps.common.parsing import MAX_ID, JsonParser, drop_nulls
from apps.common.rate_limits import check_rate_limit
from apps.common.request_body import continue_response, is_body_pending


def _row(calendar: ExternalCalendar) -> dict[str, Any]:
    return {
        "id": calendar.pk,
        "name": calendar.name,
        "url": calendar.url or None,
        "refreshed_at": calendar.refreshed_at,
        "events": calendar.events,
        "error": str(ExternalCalendar.Error(calendar.error).label) if calendar.error else None,
    }


class ExternalCalendarsView(APIView):
    parser_classes = [JsonParser, MultiPartParser]

    @documented(
        "me_external_calendars_list",
        "List your external calendars",
        {200: serializers.ExternalCalendarListSerializer},
        description="By a tutor: calendars kept elsewhere, whose busy times are not offered.",
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        require_tutor(request.user)
        own = ExternalCalendar.objects.filter(tutor=request.user).defer("content")
        return json_response({"results": [_row(each) for each in own]})

    @documented(
        "me_external_calendars_create",
        "Add an external calendar",
        {201: serializers.ExternalCalendarSerializer},
        body={
            "application/json": serializers.ExternalCalendarCreateSerializer,
            "multipart/form-data": serializers.ExternalCalendarUploadSerializer,
        },
        description="By a tutor: a public https address, which is fetched again every half hour, "
        "or an .ics file of at most 5 MiB. At most 10. If the address cannot be read, `error` says "
        "why, and it is tried again.",
    )
    def post(self, request: AuthenticatedRequest) -> HttpResponse:
        require_tutor(request.user)
        if is_body_pending(request):
            return continue_response()
        check_rate_limit(request, "external-calendar")
        sent = request.data
        if isinstance(sent, dict) and request.content_type.startswith("application/json"):
            return json_response(_row(_add_address(request, drop_nulls(sent))), 201)
        return json_response(_row(_add_file(request)), 201)


def _add_address(request: AuthenticatedRequest, sent: Any) -> ExternalCalendar:
    data = serializers.ExternalCalendarCreateSerializer(data=sent)
    data.is_valid(raise_exception=True)
    return add_address(tutor=request.user, now=timezone.now(), **data.validated_data)


def _add_file(request: AuthenticatedRequest) -> ExternalCalendar:
    data = serializers.ExternalCalendarUploadSerializer(data=request.data)
    data.is_valid(raise_exception=True)
    file = data.validated_data["file"]
    name = data.validated_data.get("name") or file.name[:100]
    return add_file(tutor=request.user, name=name, content=file.read(), now=timezone.now())


class ExternalCalendarView(APIView):
    @documented(
        "me_external_calendars_retrieve",
        "Get an external calendar",
        {200: serializers.ExternalCalendarSerializer},
        errors=["not_found"],
        description="By the tutor who added it.",
    )
    def get(self, request: AuthenticatedRequest, calendar_id: int) -> HttpResponse:
        require_tutor(request.user)
        return json_response(_row(_get(request, calendar_id)))

    @documented(
        "me_external_calendars_destroy",
        "Delete an external calendar",
        {204: None},
        errors=["not_found"],
        description="By the tutor who added it. Its busy times are offered again.",
    )
    def delete(self, request: AuthenticatedRequest, calendar_id: int) -> HttpResponse:
        require_tutor(request.user)
        _get(request, calendar_id).delete()
        return HttpResponse(status=204)


def _get(request: AuthenticatedRequest, calendar_id: int) -> ExternalCalendar:
    own = ExternalCalendar.objects.filter(tutor=request.user).defer("content")
    calendar = own.filter(pk=min(calendar_id, MAX_ID)).first()
    if calendar is None:
        raise not_found()
    return calendar
