from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework import serializers as drf
from rest_framework.views import APIView

from apps.accounts.policies import require_tutor
from apps.accounts.requests import AuthenticatedRequest
from apps.booking.api import serializers
from apps.booking.availability import get_availability, list_windows, replace_availability
from apps.booking.errors import slot_rows
from apps.booking.models import Availability
from apps.booking.policies import access_tutor
from apps.booking.queries import MAX_SPAN, list_slots
from apps.common.json import json_response
from apps.common.openapi import documented
from apps.common.parsing import drop_nulls, parse_range

_RANGE = [
    OpenApiParameter(
        name,
        str,
        required=True,
        description="An instant with an offset, or a date: midnight in the person's time zone.",
        examples=[OpenApiExample("date", value=f"2026-11-{day}")],
    )
    for name, day in (("from", 23), ("to", 30))
] + [OpenApiParameter("minutes", int, description="A length; by default the tutor's first.")]


def _row(availability: Availability) -> dict[str, Any]:
    weekly, exceptions = list_windows(availability)
    clock = serializers.format_minute
    return {
        "timezone": availability.timezone,
        "weekly": [
            {"weekday": serializers.WEEKDAYS[day], "from": clock(begins), "to": clock(ends)}
            for day in sorted(weekly)
            for begins, ends in weekly[day]
        ],
        "exceptions": [
            {"date": day, "windows": [{"from": clock(a), "to": clock(b)} for a, b in windows]}
            if windows
            else {"date": day, "closed": True}
            for day, windows in sorted(exceptions.items())
        ],
        **{
            name: getattr(availability, name)
            for name in (
                *("lesson_minutes", "buffer_minutes", "minimum_notice_minutes"),
                *("booking_window_days", "requires_confirmation"),
            )
        },
    }


class AvailabilityView(APIView):
    @documented(
        "me_availability_retrieve",
        "Get your availability",
        {200: serializers.AvailabilitySerializer},
        description="By a tutor: when students can book lessons. Without any windows nothing can "
        "be booked.",
    )
    def get(self, request: AuthenticatedRequest) -> HttpResponse:
        require_tutor(request.user)
        return json_response(_row(get_availability(request.user)))

    @documented(
        "me_availability_update",
        "Replace your availability",
        {200: serializers.AvailabilitySerializer},
        body=serializers.AvailabilitySerializer,
        description="By a tutor. The whole is replaced; what is left out takes its default. Clock "
        "times are read with the offset of each day. On the tutor's holidays nothing can be booked "
        "but on dates among `exceptions`. Lessons that exist stay.",
    )
    def put(self, request: AuthenticatedRequest) -> HttpResponse:
        require_tutor(request.user)
        data = serializers.AvailabilitySerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        fields = drop_nulls(data.validated_data)
        plan = serializers.to_plan(fields, request.user.timezone)
        return json_response(_row(replace_availability(tutor=request.user, plan=plan)))


class SlotsView(APIView):
    @documented(
        "tutors_slots_list",
        "List free slots of a tutor",
        {200: serializers.SlotListSerializer},
        query=_RANGE,
        errors=["not_found"],
        description="By the tutor's active students and the tutor: slots that start in the "
        f"half-open range from `from` to `to`, at most {MAX_SPAN.days} days. For a student without "
        "times at which they have lessons themselves and, where their clock differs from the "
        "tutor's, only from 07:00 to 22:00 by theirs.",
    )
    def get(self, request: AuthenticatedRequest, tutor_id: int) -> HttpResponse:
        tutor = access_tutor(request.user, tutor_id)
        span = parse_range(request.query_params, request.user.zone, MAX_SPAN)
        minutes = _parse_minutes(request.query_params.get("minutes"))
        slots = list_slots(tutor, request.user, span, minutes, timezone.now())
        return json_response({"results": slot_rows(slots)})


def _parse_minutes(text: str | None) -> int | None:
    if text is None:
        return None
    field = drf.IntegerField(min_value=1, max_value=serializers.LONGEST)
    try:
        return int(field.run_validation(text))
    except drf.ValidationError as exc:
        raise drf.ValidationError({"minutes": exc.detail}) from exc
