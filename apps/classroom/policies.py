"""Who may be in a room; joining, sockets and pages ask here.

The answer hangs on facts that change while people are inside, so it is asked at `join`, at each
connection, for each message that changes something, and again every few seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import NamedTuple

# How long guests may stay after a lesson's planned end, where the tutor has not ended it.
GUEST_GRACE = timedelta(minutes=30)


class Role(StrEnum):
    TUTOR = "tutor"
    STUDENT = "student"
    GUEST = "guest"


class Login(NamedTuple):
    """The session that a ticket was made in; `password` is another once that is changed."""

    session_key: str
    password: str


class Admission(NamedTuple):
    """When a guest was let in, the invite generation that their place is good for, and whether
    they wait to be let in once more."""

    since: datetime
    generation: int
    must_wait_again: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who came with a ticket. `key` is `u<user id>`, or `g<uuid>` without an account.

    A guest's right lives as long as the invite: its generation, and its expiry in Unix seconds.
    `login` is None without an account, and where an HTTP request is its own proof.
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


@dataclass(frozen=True, slots=True)
class RoomAccess:
    """What the database says about one room now."""

    lesson_id: int
    cancelled: bool
    completed: bool
    ends_at: datetime
    tutor_id: int
    student_id: int
    roles_are_kept: bool  # the two accounts still are a tutor's and a student's
    student_is_member: bool
    invite_generation: int
    lobby_enabled: bool
    timer_ends_at: datetime | None
    banned: frozenset[str] = field(default_factory=frozenset)
    admitted: Mapping[str, Admission] = field(default_factory=dict)
    inactive: frozenset[str] = field(default_factory=frozenset)
    suspended: frozenset[str] = field(default_factory=frozenset)  # paused or removed in the class
    ended_logins: frozenset[Login] = field(default_factory=frozenset)


class Refusal(Enum):
    CANCELLED = "cancelled"
    REMOVED = "removed"
    SIGNED_OUT = "signed_out"
    NO_RIGHT = "no_right"
    LESSON_OVER = "lesson_over"
    NOT_A_MEMBER = "not_a_member"
    INVITE_REPLACED = "invite_replaced"
    INVITE_EXPIRED = "invite_expired"


def refusal(access: RoomAccess, person: Person, now: datetime) -> Refusal | None:
    """Why `person` may not be in the live room; None when they may."""
    return Refusal.CANCELLED if access.cancelled else refusal_to_read(access, person, now)


def refusal_to_read(access: RoomAccess, person: Person, now: datetime) -> Refusal | None:
    """The same for what the room left behind, which a cancelled lesson keeps."""
    if person.login in access.ended_logins:
        return Refusal.SIGNED_OUT
    if person.key in access.banned:
        return Refusal.REMOVED
    if person.key in access.inactive:
        return Refusal.NO_RIGHT
    if person.role is Role.GUEST:
        return _guest_refusal(access, person, now)
    return _owner_refusal(access, person)


def _owner_refusal(access: RoomAccess, person: Person) -> Refusal | None:
    owner = access.tutor_id if person.role is Role.TUTOR else access.student_id
    if person.user_id != owner or not access.roles_are_kept:
        return Refusal.NO_RIGHT
    if person.role is Role.STUDENT and not access.student_is_member:
        return Refusal.NOT_A_MEMBER
    return None


def _guest_refusal(access: RoomAccess, person: Person, now: datetime) -> Refusal | None:
    """A guest's right ends with the lesson. Where its student is paused or removed, nobody comes
    by its invites: without an account that student could not be told from anybody else."""
    if access.cancelled:
        return Refusal.CANCELLED
    if not access.student_is_member or person.key in access.suspended:
        return Refusal.NO_RIGHT
    if access.completed or now >= access.ends_at + GUEST_GRACE:
        return Refusal.LESSON_OVER
    admission = access.admitted.get(person.key)
    generations = {person.generation, admission.generation if admission else None}
    if access.invite_generation not in generations:
        return Refusal.INVITE_REPLACED
    if person.invite_exp is None or person.invite_exp <= now.timestamp():
        return Refusal.INVITE_EXPIRED
    return None


def readable_since(access: RoomAccess, person: Person, now: datetime) -> datetime | None:
    """What was written before this moment is not for `person` to read; None: all of it is."""
    if person.role is not Role.GUEST:
        return None
    admission = access.admitted.get(person.key)
    return admission.since if admission else now


def must_wait(access: RoomAccess, person: Person) -> bool:
    """Whether `person`, who may be here, is still in the lobby; who was away while somebody else
    was removed is in it whether it is on or not."""
    if person.role is not Role.GUEST:
        return False
    admission = access.admitted.get(person.key)
    return access.lobby_enabled if admission is None else admission.must_wait_again


def may_moderate(person: Person) -> bool:
    """Admit, mute, remove, set the timer, end, restore, and keep the lesson's private notes."""
    return person.is_tutor


def may_remove(access: RoomAccess, person: Person, target: str) -> bool:
    return may_moderate(person) and target != f"u{access.tutor_id}"
