"""Find rooms in the database, each with the state of its lesson."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from apps.classroom.lessons import Lessons, LessonState
from apps.classroom.models import ClassroomSession
from apps.classroom.policies import BoardRules, Drawing


@dataclass(frozen=True, slots=True)
class StoredRoom:
    """A room and its lesson, before it is known who asks."""

    session_id: int
    uuid: UUID
    lesson: LessonState
    lobby_enabled: bool
    timer_ends_at: datetime | None
    board: BoardRules


def load_rooms(sessions: QuerySet[ClassroomSession], lessons: Lessons) -> list[StoredRoom]:
    """Load rooms, without those whose lesson is gone; two queries for any number of them."""
    rules = ("board_locked", "drawing", "locked_pages", "locked_items")
    columns = ("lesson_id", "pk", "uuid", "lobby_enabled", "timer_ends_at", *rules)
    rows = list(sessions.filter(lesson__isnull=False).values_list(*columns))
    states = lessons.load({lesson_id for lesson_id, *_row in rows})
    return [
        StoredRoom(session_id, uuid, states[lesson_id], lobby, timer, _board_rules(*board))
        for lesson_id, session_id, uuid, lobby, timer, *board in rows
        if lesson_id in states
    ]


def _board_rules(locked: bool, drawing: str, pages: list[str], items: bytes | None) -> BoardRules:
    chosen = Drawing.NONE if locked else Drawing(drawing)
    return BoardRules(chosen, frozenset(pages), bytes(items or b"\x00"))


def find_room(uuid: UUID, lessons: Lessons) -> StoredRoom | None:
    return next(iter(load_rooms(ClassroomSession.objects.filter(uuid=uuid), lessons)), None)


def room_of_lesson(lesson_id: int) -> UUID | None:
    rooms = ClassroomSession.objects.filter(lesson=lesson_id)
    return rooms.values_list("uuid", flat=True).first()
