"""The facts that rights hang on, read for many rooms at once."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from apps.accounts.models import User
from apps.classroom.models import ClassroomSession, RoomAdmission, RoomBan
from apps.classroom.policies import Admission, Login, Person, RoomAccess
from apps.classrooms.models import Membership

_COLUMNS = (
    "pk",
    "lesson_id",
    "lesson__status",
    "lesson__ends_at",
    "lesson__tutor_id",
    "lesson__student_id",
    "roles_are_kept",
    "is_member",
    "lesson__invite_generation",
    "lobby_enabled",
    "timer_ends_at",
)
_ROLES_ARE_KEPT = Q(lesson__tutor__role=User.Role.TUTOR, lesson__student__role=User.Role.STUDENT)


def _is_member() -> Exists:
    return Exists(
        Membership.objects.filter(
            classroom=OuterRef("lesson__classroom"),
            student=OuterRef("lesson__student"),
            status=Membership.Status.ACTIVE,
        )
    )


def load_room_access(
    sessions: Collection[int], people: Iterable[Person] = ()
) -> dict[int, RoomAccess]:
    """By session id, for those that still have a lesson. `people` are those who are there or
    come. Seven queries at most, however many rooms."""
    people = list(people)
    rows = list(
        ClassroomSession.objects.filter(pk__in=sessions, lesson__isnull=False)
        .annotate(is_member=_is_member(), roles_are_kept=_ROLES_ARE_KEPT)
        .values_list(*_COLUMNS)
    )
    accounts = {person.user_id for person in people} - {None}
    accounts |= {row[4] for row in rows} | {row[5] for row in rows}
    passwords, inactive = _accounts(accounts)
    ended_logins = _ended_logins(people, passwords)
    banned = _people_of(RoomBan.objects.filter(session__in=sessions))
    admitted = _admissions_of(sessions)
    suspended = _suspended_guests(sessions, people)
    return {
        pk: RoomAccess(
            lesson_id=lesson,
            cancelled=status == "cancelled",
            completed=status == "completed",
            ends_at=ends_at,
            tutor_id=tutor,
            student_id=student,
            roles_are_kept=roles_are_kept,
            student_is_member=is_member,
            invite_generation=generation,
            lobby_enabled=lobby,
            timer_ends_at=timer,
            banned=frozenset(banned[pk]),
            admitted=admitted[pk],
            inactive=inactive,
            suspended=frozenset(suspended[pk]),
            ended_logins=ended_logins,
        )
        for (
            pk,
            lesson,
            status,
            ends_at,
            tutor,
            student,
            roles_are_kept,
            is_member,
            generation,
            lobby,
            timer,
        ) in rows
    }


def _accounts(accounts: Collection[Any]) -> tuple[dict[int, str], frozenset[str]]:
    """The password hashes by account, and the keys of those that are deactivated."""
    found = list(User.objects.filter(pk__in=accounts).values_list("pk", "password", "is_active"))
    inactive = frozenset(f"u{pk}" for pk, _password, is_active in found if not is_active)
    return {pk: password for pk, password, _is_active in found}, inactive


def login_for(user: User, session_key: str) -> Login:
    return Login(session_key, _digest(user.password))


@lru_cache(maxsize=10_000)
def _digest(password: str) -> str:
    """Django signs sessions out by the same (an account's sessions, when its password changes)."""
    return User(password=password).get_session_auth_hash()[:16]


def _ended_logins(people: Iterable[Person], passwords: dict[int, str]) -> frozenset[Login]:
    """Whose session is gone (signed out here, or from elsewhere) or of another password."""
    logins = {person.login: person.user_id for person in people if person.login is not None}
    if not logins:
        return frozenset()
    keys = {login.session_key for login in logins}
    alive = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    there = set(alive.values_list("session_key", flat=True))
    return frozenset(
        login
        for login, user_id in logins.items()
        if login.session_key not in there
        or login.password != _digest(passwords.get(user_id or 0, ""))
    )


def _people_of(rows: QuerySet[RoomBan]) -> dict[int, list[str]]:
    people: dict[int, list[str]] = defaultdict(list)
    for session, person in rows.values_list("session_id", "person"):
        people[session].append(person)
    return people


def _admissions_of(sessions: Collection[int]) -> dict[int, dict[str, Admission]]:
    admitted: dict[int, dict[str, Admission]] = defaultdict(dict)
    rows = RoomAdmission.objects.filter(session__in=sessions)
    columns: tuple[str, ...] = ("created_at", "generation", "must_wait_again")
    for session, person, *admission in rows.values_list("session_id", "person", *columns):
        admitted[session][person] = Admission(*admission)
    return admitted


def _suspended_guests(sessions: Collection[int], people: Iterable[Person]) -> dict[int, list[str]]:
    """Guests with an account that the classroom of the lesson has paused or removed."""
    suspended: dict[int, list[str]] = defaultdict(list)
    guests = {p.user_id for p in people if p.role == "guest" and p.user_id is not None}
    if guests:
        rows = Membership.objects.filter(
            classroom__lessons__session__in=sessions,
            student__in=guests,
            status__in=(Membership.Status.PAUSED, Membership.Status.REMOVED),
        )
        pairs = rows.values_list("classroom__lessons__session__pk", "student_id")
        for session, student in pairs:
            suspended[session].append(f"u{student}")
    return suspended


Asked = tuple[UUID, Person | None]  # a room's public name, and who comes


def find_room_accesses(asked: Collection[Asked]) -> dict[Asked, tuple[int, RoomAccess]]:
    """The session's id and its facts for each question. Eight queries, however many rooms."""
    rooms = {room for room, _person in asked}
    named = ClassroomSession.objects.filter(uuid__in=rooms).values_list("uuid", "pk")
    sessions: dict[UUID, int] = dict(named)
    access = load_room_access(
        sessions.values(), {person for _room, person in asked if person is not None}
    )
    found = {question: sessions[question[0]] for question in asked if question[0] in sessions}
    return {question: (pk, access[pk]) for question, pk in found.items() if pk in access}


def find_room_access(room: UUID, person: Person | None = None) -> tuple[int, RoomAccess] | None:
    return find_room_accesses([(room, person)]).get((room, person))


def room_of_lesson(lesson_id: int) -> UUID | None:
    rooms = ClassroomSession.objects.filter(lesson=lesson_id)
    return rooms.values_list("uuid", flat=True).first()
