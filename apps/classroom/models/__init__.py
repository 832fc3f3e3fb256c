from apps.classroom.models.session import ClassroomSession

__all__ = ["ClassroomSession"]
