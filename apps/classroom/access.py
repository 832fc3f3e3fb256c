"""Load a room and check the right to it in one call; map refusals to HTTP errors."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from apps.accounts.models import User
from apps.classroom import guest_sessions
from apps.classroom.policies import (
    Person,
    Refusal,
    Role,
    RoomAccess,
    may_moderate,
    must_wait,
    readable_since,
    refusal_to_read,
)
from apps.classroom.room_access import find_room_access
from apps.common.errors import DomainError, forbidden, not_found


@dataclass(frozen=True, slots=True)
class AuthorizedRoom:
    session_id: int
    uuid: UUID
    access: RoomAccess
    person: Person
    readable_since: datetime | None


def refusal_error(reason: Refusal) -> DomainError:
    """Return the HTTP error for a refusal."""
    match reason:
        case Refusal.CANCELLED:
            return DomainError("lesson_cancelled", 409, _("This lesson was cancelled."))
        case Refusal.INVITE_REPLACED:
            return DomainError("invite_invalid", 400, _("This invite link is not valid."))
        case Refusal.INVITE_EXPIRED | Refusal.LESSON_OVER:
            return DomainError("invite_expired", 410, "Invite expired")
        case Refusal.SIGNED_OUT:
            return DomainError("not_authenticated", 401, _("Sign in again."))
        case Refusal.NOT_A_MEMBER:
            return DomainError(
                "not_a_member", 403, _("You are not an active member of this classroom.")
            )
    removed = _("The tutor has removed you from this lesson.")
    return forbidden(removed if reason is Refusal.REMOVED else "")


def access_room(request: Request, room: UUID, *, moderating: bool = False) -> AuthorizedRoom:
    """Load a room's stored content for a person who may enter the room.

    A guest may read from their admission on (`readable_since`); `moderating` requires the tutor.
    Raises `not_authenticated`, `not_found`, `forbidden`, or an error of `refusal_error`.
    """
    guest = guest_sessions.load_guest(request.session, room, request.user.pk)
    found = find_room_access(room, guest)
    if found is None:
        raise not_found()
    session_id, access = found
    person = _lesson_participant(request.user, access) or guest
    if person is None:
        raise forbidden() if request.user.is_authenticated else NotAuthenticated
    now = timezone.now()
    reason = refusal_to_read(access, person, now)
    if reason is not None:
        raise refusal_error(reason)
    if must_wait(access, person):
        raise forbidden(_("The tutor has not let you in yet."))
    if moderating and not may_moderate(person):
        raise forbidden()
    return AuthorizedRoom(session_id, room, access, person, readable_since(access, person, now))


def _lesson_participant(user: User | AnonymousUser, access: RoomAccess) -> Person | None:
    """Return the lesson's tutor or student if `user` is one of them."""
    if not isinstance(user, User):
        return None
    if user.is_tutor and user.pk == access.tutor_id:
        return Person(f"u{user.pk}", user.get_full_name(), Role.TUTOR)
    if user.pk == access.student_id:
        return Person(f"u{user.pk}", user.get_full_name(), Role.STUDENT)
    return None
