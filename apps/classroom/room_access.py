"""Load the state that room permissions depend on, for many rooms at once."""

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
    "roles_unchanged",
    "is_member",
    "lesson__invite_generation",
    "lobby_enabled",
    "timer_ends_at",
)
_ROLES_UNCHANGED = Q(lesson__tutor__role=User.Role.TUTOR, lesson__student__role=User.Role.STUDENT)


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
    """Return the access state by session id, without sessions whose lesson is gone.

    `people` are those who are in the rooms or are joining. At most seven queries for any number
    of rooms.
    """
    people = list(people)
    rows = list(
        ClassroomSession.objects.filter(pk__in=sessions, lesson__isnull=False)
        .annotate(is_member=_is_member(), roles_unchanged=_ROLES_UNCHANGED)
        .values_list(*_COLUMNS)
    )
    user_ids = {person.user_id for person in people} - {None}
    user_ids |= {row[4] for row in rows} | {row[5] for row in rows}
    passwords, inactive = _load_accounts(user_ids)
    ended_logins = _ended_logins(people, passwords)
    banned = _banned_people(RoomBan.objects.filter(session__in=sessions))
    admitted = _load_admissions(sessions)
    suspended = _suspended_guests(sessions, people)
    return {
        pk: RoomAccess(
            lesson_id=lesson,
            cancelled=status == "cancelled",
            completed=status == "completed",
            ends_at=ends_at,
            tutor_id=tutor,
            student_id=student,
            roles_unchanged=roles_unchanged,
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
            roles_unchanged,
            is_member,
            generation,
            lobby,
            timer,
        ) in rows
    }


def _load_accounts(user_ids: Collection[Any]) -> tuple[dict[int, str], frozenset[str]]:
    """Return the password hashes by user id, and the person keys of deactivated accounts."""
    found = list(User.objects.filter(pk__in=user_ids).values_list("pk", "password", "is_active"))
    inactive = frozenset(f"u{pk}" for pk, _password, is_active in found if not is_active)
    return {pk: password for pk, password, _is_active in found}, inactive


def login_for(user: User, session_key: str) -> Login:
    return Login(session_key, _password_digest(user.password))


@lru_cache(maxsize=10_000)
def _password_digest(password: str) -> str:
    """Shorten the hash by which Django ends an account's sessions when its password changes."""
    return User(password=password).get_session_auth_hash()[:16]


def _ended_logins(people: Iterable[Person], passwords: dict[int, str]) -> frozenset[Login]:
    """Return the logins whose session has ended or whose password has changed since."""
    logins = {person.login: person.user_id for person in people if person.login is not None}
    if not logins:
        return frozenset()
    keys = {login.session_key for login in logins}
    alive = Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    alive_keys = set(alive.values_list("session_key", flat=True))
    return frozenset(
        login
        for login, user_id in logins.items()
        if login.session_key not in alive_keys
        or login.password != _password_digest(passwords.get(user_id or 0, ""))
    )


def _banned_people(rows: QuerySet[RoomBan]) -> dict[int, list[str]]:
    people: dict[int, list[str]] = defaultdict(list)
    for session, person in rows.values_list("session_id", "person"):
        people[session].append(person)
    return people


def _load_admissions(sessions: Collection[int]) -> dict[int, dict[str, Admission]]:
    admitted: dict[int, dict[str, Admission]] = defaultdict(dict)
    rows = RoomAdmission.objects.filter(session__in=sessions)
    columns: tuple[str, ...] = ("created_at", "generation", "must_wait_again")
    for session, person, *admission in rows.values_list("session_id", "person", *columns):
        admitted[session][person] = Admission(*admission)
    return admitted


def _suspended_guests(sessions: Collection[int], people: Iterable[Person]) -> dict[int, list[str]]:
    """Return, by session id, the guests who are paused or removed in the lesson's classroom."""
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


AccessQuery = tuple[UUID, Person | None]  # a room's UUID and the person who is joining


def find_room_accesses(
    queries: Collection[AccessQuery],
) -> dict[AccessQuery, tuple[int, RoomAccess]]:
    """Return the session id and access state for each query whose room exists.

    At most eight database queries for any number of rooms.
    """
    rooms = {room for room, _person in queries}
    rows = ClassroomSession.objects.filter(uuid__in=rooms).values_list("uuid", "pk")
    sessions: dict[UUID, int] = dict(rows)
    access = load_room_access(
        sessions.values(), {person for _room, person in queries if person is not None}
    )
    found = {query: sessions[query[0]] for query in queries if query[0] in sessions}
    return {query: (pk, access[pk]) for query, pk in found.items() if pk in access}


def find_room_access(room: UUID, person: Person | None = None) -> tuple[int, RoomAccess] | None:
    return find_room_accesses([(room, person)]).get((room, person))


def room_of_lesson(lesson_id: int) -> UUID | None:
    rooms = ClassroomSession.objects.filter(lesson=lesson_id)
    return rooms.values_list("uuid", flat=True).first()
