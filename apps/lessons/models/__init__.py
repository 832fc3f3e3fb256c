from apps.lessons.models.lesson import LONGEST, SHORTEST, Lesson

__all__ = ["LONGEST", "SHORTEST", "Lesson"]
