"""Fetching a room and checking the right to it, in one call; and what a refusal is called."""

from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from apps.classroom import guests
from apps.classroom.facts import find_room
from apps.classroom.policies import (
    Facts,
    Person,
    Refusal,
    Role,
    may_steer,
    must_wait,
    refusal_to_read,
)
from apps.common.errors import DomainError, forbidden, not_found


@dataclass(frozen=True, slots=True)
class Access:
    session_id: int
    room: UUID
    facts: Facts
    person: Person


def refused(why: Refusal) -> DomainError:
    """As the HTTP contract names it."""
    match why:
        case Refusal.CANCELLED:
            return DomainError("lesson_cancelled", 409, _("This lesson was cancelled."))
        case Refusal.INVITE_REPLACED:
            return DomainError("invite_invalid", 400, _("This invite link is not valid."))
        case Refusal.INVITE_EXPIRED:
            return DomainError("invite_expired", 410, "Invite expired")
        case Refusal.NOT_A_MEMBER:
            return DomainError(
                "not_a_member", 403, _("You are not an active member of this classroom.")
            )
        case Refusal.REMOVED:
            return forbidden(_("The tutor has removed you from this lesson."))
    return forbidden()


def access_room(request: Request, room: UUID, *, steering: bool = False) -> Access:
    """What the room keeps, for those who may enter it; `steering` is the tutor's alone. Raises
    `not_authenticated`, `not_found`, or what `refused` says."""
    user_id = request.user.pk if request.user.is_authenticated else None
    found = find_room(room, user_id)
    if found is None:
        raise not_found()
    session_id, facts = found
    person = _person(request, room, facts)
    if person is None:
        raise NotAuthenticated if user_id is None else forbidden()
    why = refusal_to_read(facts, person, timezone.now())
    if why is not None:
        raise refused(why)
    if must_wait(facts, person):
        raise forbidden(_("The tutor has not let you in yet."))
    if steering and not may_steer(person):
        raise forbidden()
    return Access(session_id, room, facts, person)


def _person(request: Request, room: UUID, facts: Facts) -> Person | None:
    user = request.user
    if not user.is_authenticated:
        return guests.recall(request.session, room, None)
    if user.is_tutor and user.pk == facts.tutor_id:
        return Person(f"u{user.pk}", user.get_full_name(), Role.TUTOR)
    if user.pk == facts.student_id:
        return Person(f"u{user.pk}", user.get_full_name(), Role.STUDENT)
    return guests.recall(request.session, room, user.pk)
