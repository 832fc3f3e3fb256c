"""The facts that rights hang on, read for many rooms at once."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models import Exists, OuterRef

from apps.accounts.models import User
from apps.classroom.models import ClassroomSession, RoomAdmission, RoomBan
from apps.classroom.policies import Facts
from apps.classrooms.models import Membership

_COLUMNS = (
    "pk",
    "lesson_id",
    "lesson__status",
    "lesson__ends_at",
    "lesson__tutor_id",
    "lesson__student_id",
    "is_member",
    "lesson__invite_generation",
    "lobby_enabled",
    "timer_ends_at",
)


def _is_member() -> Exists:
    return Exists(
        Membership.objects.filter(
            classroom=OuterRef("lesson__classroom"),
            student=OuterRef("lesson__student"),
            status=Membership.Status.ACTIVE,
        )
    )


def facts_of(sessions: Collection[int], users: Iterable[int] = ()) -> dict[int, Facts]:
    """By session id, for those that still have a lesson. `users` are the guests with an account
    who are there. Four queries, however many rooms."""
    rows = list(
        ClassroomSession.objects.filter(pk__in=sessions, lesson__isnull=False)
        .annotate(is_member=_is_member())
        .values_list(*_COLUMNS)
    )
    people = {*users, *(row[4] for row in rows), *(row[5] for row in rows)}
    inactive = frozenset(
        f"u{pk}"
        for pk in User.objects.filter(pk__in=people, is_active=False).values_list("pk", flat=True)
    )
    banned = _people_of(RoomBan.objects.filter(session__in=sessions))
    admitted = _people_of(RoomAdmission.objects.filter(session__in=sessions))
    return {
        pk: Facts(
            lesson_id=lesson,
            cancelled=status == "cancelled",
            completed=status == "completed",
            ends_at=ends_at,
            tutor_id=tutor,
            student_id=student,
            student_is_member=is_member,
            invite_generation=generation,
            lobby_enabled=lobby,
            timer_ends_at=timer,
            banned=frozenset(banned[pk]),
            admitted=frozenset(admitted[pk]),
            inactive=inactive,
        )
        for (
            pk,
            lesson,
            status,
            ends_at,
            tutor,
            student,
            is_member,
            generation,
            lobby,
            timer,
        ) in rows
    }


def _people_of(rows: object) -> dict[int, list[str]]:
    people: dict[int, list[str]] = defaultdict(list)
    for session, person in rows.values_list("session_id", "person"):  # type: ignore[attr-defined]
        people[session].append(person)
    return people


Asked = tuple[UUID, int | None]  # a room's public name, and the account of who comes, if any


def find_rooms(asked: Collection[Asked]) -> dict[Asked, tuple[int, Facts]]:
    """The session's id and its facts for each question. Five queries, however many rooms."""
    rooms = {room for room, _user in asked}
    named = ClassroomSession.objects.filter(uuid__in=rooms).values_list("uuid", "pk")
    sessions: dict[UUID, int] = dict(named)
    facts = facts_of(sessions.values(), {user for _room, user in asked if user is not None})
    found = {question: sessions[question[0]] for question in asked if question[0] in sessions}
    return {question: (pk, facts[pk]) for question, pk in found.items() if pk in facts}


def find_room(room: UUID, user_id: int | None = None) -> tuple[int, Facts] | None:
    return find_rooms([(room, user_id)]).get((room, user_id))


def room_of_lesson(lesson_id: int) -> UUID | None:
    rooms = ClassroomSession.objects.filter(lesson=lesson_id)
    return rooms.values_list("uuid", flat=True).first()
