from apps.booking.models.availability import Availability, AvailabilityWindow

__all__ = ["Availability", "AvailabilityWindow"]
