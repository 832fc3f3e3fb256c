from django.contrib import admin

from apps.booking.models import (
    Availability,
    AvailabilityWindow,
    BookingPage,
    BusyTime,
    ExternalCalendar,
    FirstLessonRequest,
    MoveRequest,
    SlotHold,
    StudentHours,
)
from apps.common.admin import ServerRecordAdmin

OF_TUTOR = ("tutor__email", "tutor__last_name")


@admin.register(Availability)
class AvailabilityAdmin(ServerRecordAdmin):
    fields = list_display = (
        *("tutor", "timezone", "lesson_minutes", "buffer_minutes", "minimum_notice_minutes"),
        *("booking_window_days", "requires_confirmation"),
    )
    list_select_related = ("tutor",)
    search_fields = OF_TUTOR


@admin.register(AvailabilityWindow)
class AvailabilityWindowAdmin(ServerRecordAdmin):
    fields = list_display = ("availability", "weekday", "date", "starts_minute", "ends_minute")
    search_fields = ("availability__tutor__email", "availability__tutor__last_name")


@admin.register(ExternalCalendar)
class ExternalCalendarAdmin(ServerRecordAdmin):
    """Without the address, which is a secret of the tutor."""

    fields = list_display = ("tutor", "name", "refreshed_at", "events", "error", "failures")
    list_filter = ("error",)
    list_select_related = ("tutor",)
    search_fields = ("name", *OF_TUTOR)


@admin.register(BusyTime)
class BusyTimeAdmin(ServerRecordAdmin):
    fields = list_display = ("calendar", "starts_at", "ends_at")
    list_select_related = ("calendar",)
    search_fields = ("calendar__name", "calendar__tutor__email")


@admin.register(SlotHold)
class SlotHoldAdmin(ServerRecordAdmin):
    fields = list_display = ("tutor", "student", "starts_at", "ends_at", "expires_at")
    list_select_related = ("tutor", "student")
    search_fields = ("student__email", "student__last_name", *OF_TUTOR)


@admin.register(MoveRequest)
class MoveRequestAdmin(ServerRecordAdmin):
    fields = list_display = ("lesson", "request")
    list_select_related = ("lesson", "request")
    search_fields = ("lesson__tutor__email", "lesson__tutor__last_name")


@admin.register(StudentHours)
class StudentHoursAdmin(ServerRecordAdmin):
    fields = list_display = ("student", "day_from", "day_to", "school_from", "school_to")
    list_select_related = ("student",)
    search_fields = ("student__email", "student__last_name")


@admin.register(BookingPage)
class BookingPageAdmin(ServerRecordAdmin):
    fields = list_display = ("tutor", "slug", "is_open")
    list_filter = ("is_open",)
    list_select_related = ("tutor",)
    search_fields = ("slug", *OF_TUTOR)


@admin.register(FirstLessonRequest)
class FirstLessonRequestAdmin(ServerRecordAdmin):
    fields = list_display = ("tutor", "first_name", "last_name", "email", "starts_at")
    list_select_related = ("tutor",)
    search_fields = ("email", "last_name", *OF_TUTOR)
