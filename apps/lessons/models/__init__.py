from apps.lessons.models.lesson import LONGEST, SHORTEST, Lesson
from apps.lessons.models.zone_rules import ZoneRules

__all__ = ["LONGEST", "SHORTEST", "Lesson", "ZoneRules"]
