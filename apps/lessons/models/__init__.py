from apps.lessons.models.calendar_feed import CalendarFeed
from apps.lessons.models.change import UNDO_TIME, LessonChange
from apps.lessons.models.holiday import MAX_HOLIDAYS, Holiday
from apps.lessons.models.lesson import MAX_DURATION, MIN_DURATION, Lesson
from apps.lessons.models.participant import MAX_STUDENTS, Participant
from apps.lessons.models.reminder import Reminder
from apps.lessons.models.series import LessonSeries, SeriesStudent
from apps.lessons.models.zone_rules import ZoneRules

__all__ = [
    "MAX_DURATION",
    "MAX_HOLIDAYS",
    "MAX_STUDENTS",
    "MIN_DURATION",
    "UNDO_TIME",
    "CalendarFeed",
    "Holiday",
    "Lesson",
    "LessonChange",
    "LessonSeries",
    "Participant",
    "Reminder",
    "SeriesStudent",
    "ZoneRules",
]
