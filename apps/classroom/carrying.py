"""A room's board that begins as a copy of an earlier lesson's (the board of a series)."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from apps.classroom import board_log
from apps.classroom.compaction import restore_in_subprocess
from apps.classroom.lessons import Lessons
from apps.classroom.models import BoardFile, BoardSnapshot, ClassroomSession


def carry_board(session_id: int, lessons: Lessons) -> bool:
    """Copy what is on the board of the latest earlier lesson that has one, if the lesson's series
    says so; return whether a board was stored.

    Call it for a room whose board is empty. Of processes that do so at once one stores its copy.
    The copy's elements have no authors. Raises compaction.SubprocessFailed.
    """
    session = ClassroomSession.objects.filter(pk=session_id).only("lesson_id").first()
    if session is None or session.lesson_id is None:
        return False
    sources = lessons.board_sources(session.lesson_id)
    for source in _sessions_of(sources):
        stored = board_log.load([source.pk])[source.pk]
        if stored.is_newer:
            return False
        if any(stored.updates):
            state = restore_in_subprocess([], stored.updates)
            return _store(session_id, source, state)
    return False


def _sessions_of(lesson_ids: list[int]) -> list[ClassroomSession]:
    """In the order of `lesson_ids`."""
    sessions = ClassroomSession.objects.filter(lesson__in=lesson_ids).only(
        "lesson_id", "carried_root_id"
    )
    by_lesson = {session.lesson_id: session for session in sessions}
    return [by_lesson[pk] for pk in lesson_ids if pk in by_lesson]


def _store(session_id: int, source: ClassroomSession, state: bytes) -> bool:
    root = source.carried_root_id or source.pk
    try:
        with transaction.atomic():
            BoardSnapshot.objects.create(session_id=session_id, state=state)
            ClassroomSession.objects.filter(pk=session_id).update(carried_root=root)
    except IntegrityError:  # another process was faster
        return BoardSnapshot.objects.filter(pk=session_id).exists()
    return True


def find_picture(session_id: int, uuid: UUID) -> BoardFile | None:
    """A picture of the room, or of a room from which its board was carried on."""
    file = BoardFile.objects.filter(session=session_id, uuid=uuid).first()
    if file is not None:
        return file
    root = ClassroomSession.objects.values_list("carried_root", flat=True).get(pk=session_id)
    if root is None:
        return None
    earlier = Q(session=root) | Q(session__carried_root=root)
    return BoardFile.objects.filter(earlier, uuid=uuid, session__lt=session_id).first()
