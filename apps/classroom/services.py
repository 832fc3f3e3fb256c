"""Opening the room of a lesson."""

from apps.classroom.models import ClassroomSession


def session_of(*, lesson_id: int) -> ClassroomSession:
    """The lesson's one session, made if it is missing; callers that race get the same one."""
    session, _created = ClassroomSession.objects.get_or_create(lesson_id=lesson_id)
    return session
