import hashlib
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework import serializers as drf
from rest_framework.views import APIView

from apps.accounts.policies import require_student, require_tutor
from apps.accounts.requests import AuthenticatedRequest
from apps.booking.api import serializers
from apps.booking.availability import get_availability, list_windows, replace_availability
from apps.booking.errors import slot_rows
from apps.booking.models import Availability
from apps.booking.policies import access_tutor
from apps.booking.queries import MAX_SPAN, list_slots
from apps.booking.requests import confirm_lesson, decline_lesson
from apps.booking.services import BookingWish, book_lesson
from apps.common.idempotency import PARAMETER as IDEMPOTENCY_KEY
from apps.common.idempotency import Idempotency, parse_idempotency_key
from apps.common.json import json_response
from apps.common.openapi import documented
from apps.common.parsing import drop_nulls, parse_range
from apps.common.rate_limits import check_rate_limit
from apps.lessons.api.serializers import LessonSerializer
from apps.lessons.policies import Action, access_lesson
from apps.lessons.queries import lesson_json

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
        "times at which they have lessons themselves or which another student holds on the booking "
        "page; only within the hours that they have set, else, where their clock differs from the "
        "tutor's, from 07:00 to 22:00 by theirs.",
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


class BookingsView(APIView):
    @documented(
        "tutors_bookings_create",
        "Book a lesson",
        {201: LessonSerializer},
        body=serializers.BookingCreateSerializer,
        query=[IDEMPOTENCY_KEY],
        errors=["not_found", "not_a_member", "lesson_conflict", "not_bookable"],
        description="By an active student of the tutor, in time that the tutor offers. Where the "
        "tutor confirms each lesson it is `requested`, which holds the time until it is confirmed "
        "or declined; it lapses at its start. If the time was taken meanwhile, `next_slots` are up "
        "to three that are free.",
    )
    def post(self, request: AuthenticatedRequest, tutor_id: int) -> HttpResponse:
        require_student(request.user)
        check_rate_limit(request, "booking")
        tutor = access_tutor(request.user, tutor_id)
        data = serializers.BookingCreateSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        lesson = book_lesson(
            tutor=tutor,
            student=request.user,
            wish=BookingWish(**data.validated_data),
            now=timezone.now(),
            idempotency=_idempotency(request, data.validated_data),
        )
        return json_response(lesson_json(lesson.pk), 201)


def _idempotency(request: AuthenticatedRequest, fields: dict[str, Any]) -> Idempotency | None:
    """Keys are unique for each tutor, so that of a student is kept with the student's id."""
    sent = parse_idempotency_key(request, fields)
    if sent is None:
        return None
    key = hashlib.sha256(sent.key.encode()).hexdigest()
    return Idempotency(f"booking:{request.user.pk}:{key}", sent.digest)


class ConfirmView(APIView):
    @documented(
        "lessons_confirm",
        "Confirm a requested lesson",
        {200: LessonSerializer},
        errors=["lesson_not_found", "lesson_cancelled", "lesson_conflict"],
        description="By its tutor: it is `scheduled`, and the student is mailed. Nothing changes "
        "for a lesson that is scheduled already; one that has lapsed is `lesson_cancelled`. A "
        "request for another time of a lesson ends instead: it is `cancelled`, and that lesson "
        "moves there, or else it is `lesson_conflict`.",
    )
    def post(self, request: AuthenticatedRequest, lesson_id: int) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.EDIT)
        confirm_lesson(lesson=lesson, now=timezone.now())
        return json_response(lesson_json(lesson.pk))


class DeclineView(APIView):
    @documented(
        "lessons_decline",
        "Decline a requested lesson",
        {200: LessonSerializer},
        body=serializers.LessonDeclineSerializer,
        errors=["lesson_not_found", "lesson_cancelled", "not_requested"],
        description="By its tutor: it is `cancelled`, its time is free, and the student is mailed. "
        "A lesson that is scheduled is `not_requested`: cancel it instead.",
    )
    def post(self, request: AuthenticatedRequest, lesson_id: int) -> HttpResponse:
        lesson = access_lesson(request.user, lesson_id, to=Action.EDIT)
        data = serializers.LessonDeclineSerializer(data=drop_nulls(request.data))
        data.is_valid(raise_exception=True)
        reason = data.validated_data.get("reason", "")
        decline_lesson(lesson=lesson, reason=reason, now=timezone.now())
        return json_response(lesson_json(lesson.pk))
