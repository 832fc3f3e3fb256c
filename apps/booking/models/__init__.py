from apps.booking.models.availability import Availability, AvailabilityWindow
from apps.booking.models.external_calendar import (
    MAX_CALENDARS,
    MAX_CONTENT,
    MAX_URL,
    BusyTime,
    ExternalCalendar,
)
from apps.booking.models.first_lesson import BookingPage, FirstLessonRequest
from apps.booking.models.hold import HOLD_FOR, SlotHold
from apps.booking.models.move_request import MoveRequest
from apps.booking.models.student_hours import StudentHours

__all__ = [
    "HOLD_FOR",
    "MAX_CALENDARS",
    "MAX_CONTENT",
    "MAX_URL",
    "Availability",
    "AvailabilityWindow",
    "BookingPage",
    "BusyTime",
    "ExternalCalendar",
    "FirstLessonRequest",
    "MoveRequest",
    "SlotHold",
    "StudentHours",
]
