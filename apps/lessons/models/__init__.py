from apps.lessons.models.calendar_feed import CalendarFeed
from apps.lessons.models.lesson import MAX_DURATION, MIN_DURATION, Lesson
from apps.lessons.models.participant import MAX_STUDENTS, Participant
from apps.lessons.models.reminder import Reminder
from apps.lessons.models.zone_rules import ZoneRules

__all__ = [
    "MAX_DURATION",
    "MAX_STUDENTS",
    "MIN_DURATION",
    "CalendarFeed",
    "Lesson",
    "Participant",
    "Reminder",
    "ZoneRules",
]
