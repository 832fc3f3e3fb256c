"""Who may be in a room; joining, sockets and pages ask here.

The answer hangs on facts that change while people are inside, so it is asked at `join`, at each
connection, for each message that changes something, and again every few seconds.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum


class Role(StrEnum):
    TUTOR = "tutor"
    STUDENT = "student"
    GUEST = "guest"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who came with a ticket. `key` is `u<user id>`, or `g<uuid>` without an account.

    A guest's right lives as long as the invite: its generation, and its expiry in Unix seconds.
    """

    key: str
    name: str
    role: Role
    generation: int | None = None
    invite_exp: int | None = None

    @property
    def is_tutor(self) -> bool:
        return self.role is Role.TUTOR

    @property
    def user_id(self) -> int | None:
        return int(self.key[1:]) if self.key.startswith("u") else None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database says about one room now."""

    lesson_id: int
    cancelled: bool
    completed: bool
    ends_at: datetime
    tutor_id: int
    student_id: int
    student_is_member: bool
    invite_generation: int
    lobby_enabled: bool
    timer_ends_at: datetime | None
    banned: frozenset[str] = field(default_factory=frozenset)
    admitted: frozenset[str] = field(default_factory=frozenset)
    inactive: frozenset[str] = field(default_factory=frozenset)


class Refusal(Enum):
    CANCELLED = "cancelled"
    REMOVED = "removed"
    NO_RIGHT = "no_right"
    NOT_A_MEMBER = "not_a_member"
    INVITE_REPLACED = "invite_replaced"
    INVITE_EXPIRED = "invite_expired"


def refusal(facts: Facts, person: Person, now: datetime) -> Refusal | None:
    """Why `person` may not be in the live room; None when they may."""
    return Refusal.CANCELLED if facts.cancelled else refusal_to_read(facts, person, now)


def refusal_to_read(facts: Facts, person: Person, now: datetime) -> Refusal | None:
    """The same for what the room left behind, which a cancelled lesson keeps."""
    if person.key in facts.banned:
        return Refusal.REMOVED
    if person.key in facts.inactive:
        return Refusal.NO_RIGHT
    if person.role is Role.TUTOR:
        return None if person.user_id == facts.tutor_id else Refusal.NO_RIGHT
    if person.role is Role.STUDENT:
        if person.user_id != facts.student_id:
            return Refusal.NO_RIGHT
        return None if facts.student_is_member else Refusal.NOT_A_MEMBER
    return _guest_refusal(facts, person, now)


def _guest_refusal(facts: Facts, person: Person, now: datetime) -> Refusal | None:
    if person.generation != facts.invite_generation:
        return Refusal.INVITE_REPLACED
    if person.invite_exp is None or person.invite_exp <= now.timestamp():
        return Refusal.INVITE_EXPIRED
    return None


def must_wait(facts: Facts, person: Person) -> bool:
    """Whether `person`, who may be here, is still in the lobby."""
    return person.role is Role.GUEST and facts.lobby_enabled and person.key not in facts.admitted


def may_steer(person: Person) -> bool:
    """Admit, mute, remove, set the timer, end, restore, and keep the lesson's private notes."""
    return person.is_tutor


def may_remove(facts: Facts, person: Person, target: str) -> bool:
    return may_steer(person) and target != f"u{facts.tutor_id}"
