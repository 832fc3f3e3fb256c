from apps.booking.models.availability import Availability, AvailabilityWindow
from apps.booking.models.external_calendar import (
    MAX_CALENDARS,
    MAX_CONTENT,
    MAX_URL,
    BusyTime,
    ExternalCalendar,
)

__all__ = [
    "MAX_CALENDARS",
    "MAX_CONTENT",
    "MAX_URL",
    "Availability",
    "AvailabilityWindow",
    "BusyTime",
    "ExternalCalendar",
]
