"""Load the state that room permissions depend on, for many rooms at once."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts.models import User
from apps.classroom.lessons import Lessons
from apps.classroom.models import ClassroomSession, RoomAdmission, RoomBan
from apps.classroom.policies import Admission, Login, Person, Role, RoomAccess
from apps.classroom.stored_rooms import StoredRoom, load_rooms
from apps.classrooms.models import Membership


def load_access(
    rooms: Collection[StoredRoom], people: Iterable[Person] = ()
) -> dict[int, RoomAccess]:
    """Return the access state by session id; at most five queries for any number of rooms.

    `people` are those who are in the rooms or are joining.
    """
    people = list(people)
    sessions = [room.session_id for room in rooms]
    user_ids = {person.user_id for person in people} - {None}
    for room in rooms:
        user_ids |= {room.lesson.tutor_id, *room.lesson.students}
    passwords, inactive = _load_accounts(user_ids)
    ended_logins = _ended_logins(people, passwords)
    banned = _banned_people(RoomBan.objects.filter(session__in=sessions))
    admitted = _load_admissions(sessions)
    suspended = _suspended_guests(rooms, people)
    return {
        room.session_id: RoomAccess(
            session_id=room.session_id,
            lesson=room.lesson,
            lobby_enabled=room.lobby_enabled,
            board=room.board,
            timer_ends_at=room.timer_ends_at,
            banned=frozenset(banned[room.session_id]),
            admitted=admitted[room.session_id],
            inactive=inactive,
            suspended=frozenset(suspended[room.lesson.classroom_id]),
            ended_logins=ended_logins,
        )
        for room in rooms
    }


def load_room_access(
    sessions: Collection[int], people: Iterable[Person] = (), *, lessons: Lessons
) -> dict[int, RoomAccess]:
    rooms = load_rooms(ClassroomSession.objects.filter(pk__in=sessions), lessons)
    return load_access(rooms, people)


AccessQuery = tuple[UUID, Person | None]  # a room's UUID and the person who is joining


def find_room_accesses(
    queries: Collection[AccessQuery], *, lessons: Lessons
) -> dict[AccessQuery, RoomAccess]:
    """Return the access state for each query whose room exists."""
    uuids = {uuid for uuid, _person in queries}
    rooms = load_rooms(ClassroomSession.objects.filter(uuid__in=uuids), lessons)
    access = load_access(rooms, {person for _room, person in queries if person is not None})
    by_uuid = {room.uuid: access[room.session_id] for room in rooms}
    return {query: by_uuid[query[0]] for query in queries if query[0] in by_uuid}


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


def _suspended_guests(
    rooms: Iterable[StoredRoom], people: Iterable[Person]
) -> dict[int, list[str]]:
    """Return, by classroom, the guests who are paused or removed in it."""
    suspended: dict[int, list[str]] = defaultdict(list)
    guests = {p.user_id for p in people if p.role is Role.GUEST and p.user_id is not None}
    if guests:
        rows = Membership.objects.filter(
            classroom__in={room.lesson.classroom_id for room in rooms},
            student__in=guests,
            status__in=(Membership.Status.PAUSED, Membership.Status.REMOVED),
        )
        for classroom, student in rows.values_list("classroom_id", "student_id"):
            suspended[classroom].append(f"u{student}")
    return suspended
