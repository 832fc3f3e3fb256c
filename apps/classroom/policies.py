"""Room permissions, for the join endpoint, the sockets and the pages.

They depend on state that changes while people are in the room, so they are checked at `join`, at
each connection, for each message that changes something, and again every few seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto
from typing import NamedTuple

from apps.accounts.models import User
from apps.classroom.lessons import LessonEnd, LessonPeople, LessonState

# How long guests may stay after a lesson's planned end if the tutor has not ended it.
GUEST_GRACE = timedelta(minutes=30)
# As the expiry of an invite: it is valid for as long as guests may be in the room.
UNTIL_LESSON_ENDS = 0


class Role(StrEnum):
    TUTOR = "tutor"
    STUDENT = "student"
    GUEST = "guest"


class Login(NamedTuple):
    """The session a ticket was issued in; `password` is a digest that changes with the password."""

    session_key: str
    password: str


class Admission(NamedTuple):
    """When a guest was admitted, the invite generation the admission is valid for, and whether
    the tutor has to admit them again."""

    since: datetime
    generation: int
    must_wait_again: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """The holder of a ticket. `key` is `u<user id>`, or `g<uuid>` without an account.

    A guest's right depends on their invite: its `generation`, and `invite_exp` in Unix
    seconds or UNTIL_LESSON_ENDS.
    `login` is None for people without an account and for HTTP requests, which are authenticated
    themselves.
    """

    key: str
    name: str
    role: Role
    generation: int | None = None
    invite_exp: int | None = None
    login: Login | None = None

    @property
    def is_tutor(self) -> bool:
        return self.role is Role.TUTOR

    @property
    def user_id(self) -> int | None:
        return int(self.key[1:]) if self.key.startswith("u") else None


class Drawing(StrEnum):
    """Which changes students and guests may make on a board."""

    FREE = "free"
    OWN = "own"  # what they drew themselves
    NEW = "new"  # what was drawn since the tutor chose this
    NONE = "none"


@dataclass(frozen=True, slots=True)
class BoardRules:
    """A board's locks, which apply to everybody but the tutor."""

    drawing: Drawing = Drawing.FREE
    locked_pages: frozenset[str] = frozenset()
    locked_items: bytes = b"\x00"  # with NEW: the state vector of what is locked

    @property
    def lock_something(self) -> bool:
        return self.drawing is not Drawing.FREE or bool(self.locked_pages)


class BoardEntry(NamedTuple):
    """A key of one of the document's maps, such as an element of a page, as somebody sees it."""

    kind: str  # the map's name up to the colon: elements, pages, files
    page: str | None
    exists: bool  # or existed before
    is_own: bool
    is_locked: bool  # drawn before the tutor chose NEW


@dataclass(frozen=True, slots=True)
class RoomAccess:
    """The state of one room in the database that permissions depend on."""

    session_id: int
    lesson: LessonState
    lobby_enabled: bool
    board: BoardRules
    timer_ends_at: datetime | None
    banned: frozenset[str] = field(default_factory=frozenset)
    admitted: Mapping[str, Admission] = field(default_factory=dict)
    inactive: frozenset[str] = field(default_factory=frozenset)
    suspended: frozenset[str] = field(default_factory=frozenset)  # membership paused or removed
    ended_logins: frozenset[Login] = field(default_factory=frozenset)


class Refusal(Enum):
    CANCELLED = auto()
    NOT_CONFIRMED = auto()
    REMOVED = auto()
    SIGNED_OUT = auto()
    NO_RIGHT = auto()
    LESSON_OVER = auto()
    NOT_A_MEMBER = auto()
    PARTICIPATION_CANCELLED = auto()
    INVITE_REPLACED = auto()
    INVITE_EXPIRED = auto()


def participant_role(user: User, lesson: LessonPeople) -> Role | None:
    """Return `user`'s part in a lesson, or None for everybody who is not one of its people."""
    if user.is_tutor and user.pk == lesson.tutor_id:
        return Role.TUTOR
    return Role.STUDENT if lesson.has_student(user.pk) else None


def refusal(access: RoomAccess, person: Person, now: datetime) -> Refusal | None:
    """Return why `person` may not be in the live room, or None if they may."""
    if access.lesson.is_cancelled:
        return Refusal.CANCELLED
    if access.lesson.is_requested:
        return Refusal.NOT_CONFIRMED
    student = access.lesson.students.get(person.user_id or 0)
    if person.role is Role.STUDENT and student is not None and student.has_cancelled:
        return Refusal.PARTICIPATION_CANCELLED
    return refusal_to_read(access, person, now)


def refusal_to_read(access: RoomAccess, person: Person, now: datetime) -> Refusal | None:
    """Return why `person` may not read the room's content, which stays after a cancellation of the
    lesson or of this person's participation."""
    if person.login in access.ended_logins:
        return Refusal.SIGNED_OUT
    if person.key in access.banned:
        return Refusal.REMOVED
    if person.key in access.inactive:
        return Refusal.NO_RIGHT
    if person.role is Role.GUEST:
        return _guest_refusal(access, person, now)
    return _participant_refusal(access, person)


def _participant_refusal(access: RoomAccess, person: Person) -> Refusal | None:
    lesson = access.lesson
    if not lesson.tutor_role_unchanged:
        return Refusal.NO_RIGHT
    if person.role is Role.TUTOR:
        return None if person.user_id == lesson.tutor_id else Refusal.NO_RIGHT
    student = lesson.students.get(person.user_id or 0)
    if student is None or not student.role_unchanged:
        return Refusal.NO_RIGHT
    return None if student.is_member else Refusal.NOT_A_MEMBER


def _guest_refusal(access: RoomAccess, person: Person, now: datetime) -> Refusal | None:
    """A guest's right ends with the lesson.

    While all of the lesson's students are paused or removed, its invites are refused to everybody:
    without an account, those students cannot be distinguished from other guests.
    """
    lesson = access.lesson
    if lesson.is_cancelled:
        return Refusal.CANCELLED
    has_members = any(student.is_member for student in lesson.students.values())
    if not has_members or person.key in access.suspended:
        return Refusal.NO_RIGHT
    if is_closed_to_guests(lesson, now):
        return Refusal.LESSON_OVER
    admission = access.admitted.get(person.key)
    generations = {person.generation, admission.generation if admission else None}
    if lesson.invite_generation not in generations:
        return Refusal.INVITE_REPLACED
    return Refusal.INVITE_EXPIRED if _is_expired(person.invite_exp, now) else None


def _is_expired(invite_exp: int | None, now: datetime) -> bool:
    if invite_exp == UNTIL_LESSON_ENDS:
        return False
    return invite_exp is None or invite_exp <= now.timestamp()


def is_closed_to_guests(lesson: LessonEnd, now: datetime) -> bool:
    return lesson.is_completed or now >= closes_to_guests_at(lesson)


def closes_to_guests_at(lesson: LessonEnd) -> datetime:
    """When guests have to leave the room if the tutor does not end the lesson."""
    return lesson.ends_at + GUEST_GRACE


def readable_since(access: RoomAccess, person: Person, now: datetime) -> datetime | None:
    """Return the moment from which `person` may read content; None: they may read all of it."""
    if person.role is not Role.GUEST:
        return None
    admission = access.admitted.get(person.key)
    return admission.since if admission else now


def must_wait(access: RoomAccess, person: Person) -> bool:
    """Whether `person` is in the lobby, given that they may be in the room.

    A guest who was away while somebody was removed waits even if the lobby is off.
    """
    if person.role is not Role.GUEST:
        return False
    admission = access.admitted.get(person.key)
    return access.lobby_enabled if admission is None else admission.must_wait_again


def may_moderate(person: Person) -> bool:
    """Whether `person` may admit, mute, remove, set the timer, lock the board, end, restore and
    edit notes."""
    return person.is_tutor


def may_draw(person: Person, rules: BoardRules) -> bool:
    """Whether `person`, who is in the room, may change anything on its board."""
    return person.is_tutor or rules.drawing is not Drawing.NONE


def may_change(rules: BoardRules, entry: BoardEntry) -> bool:
    """Whether somebody else than the tutor may add, change or delete an entry of the board.

    Where anything is locked, the list of pages and the files that pictures refer to can only be
    added to: they could hide or replace what is locked.
    """
    if entry.page in rules.locked_pages:
        return False
    if not entry.exists:
        return True
    if entry.kind == "files":
        return False
    if rules.drawing is Drawing.FREE:
        return True
    if entry.kind != "elements":
        return False
    return entry.is_own if rules.drawing is Drawing.OWN else not entry.is_locked


def may_remove(access: RoomAccess, person: Person, target: str) -> bool:
    return may_moderate(person) and target != f"u{access.lesson.tutor_id}"
