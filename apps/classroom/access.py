"""Load a room and check the right to it in one call; map refusals to HTTP errors."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.classroom import errors, guest_sessions
from apps.classroom.access_state import load_access
from apps.classroom.identity import AnyUser, identify_joining, require_identity
from apps.classroom.lessons import get_lessons
from apps.classroom.policies import (
    Login,
    Person,
    Refusal,
    Role,
    RoomAccess,
    may_moderate,
    must_wait,
    readable_since,
    refusal,
    refusal_to_read,
)
from apps.classroom.stored_rooms import StoredRoom, find_room
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
            return errors.lesson_cancelled()
        case Refusal.INVITE_REPLACED:
            return errors.invite_revoked()
        case Refusal.INVITE_EXPIRED | Refusal.LESSON_OVER:
            return errors.invite_expired()
        case Refusal.SIGNED_OUT:
            return DomainError("not_authenticated", 401, _("Sign in again."))
        case Refusal.NOT_A_MEMBER:
            return errors.not_a_member(_("You are not an active member of this classroom."))
    if reason is Refusal.NOT_CONFIRMED:
        sentence = _("The tutor has not confirmed this lesson yet.")
    elif reason is Refusal.PARTICIPATION_CANCELLED:
        sentence = _("Your part in this lesson was cancelled.")
    elif reason is Refusal.REMOVED:
        sentence = _("The tutor has removed you from this lesson.")
    else:
        sentence = _("You no longer have access to this lesson.")
    return forbidden(sentence)


def access_room(
    user: AnyUser, session: SessionBase, room: UUID, *, moderating: bool = False
) -> AuthorizedRoom:
    """Load a room's stored content for a person who may enter the room.

    A guest may read from their admission on (`readable_since`); `moderating` requires the tutor.
    Raises `not_authenticated`, `not_found`, `forbidden`, or an error of `refusal_error`.
    """
    stored = _get_room(room)
    person = require_identity(user, session, room, stored.lesson)
    access = load_access([stored], [person])[stored.session_id]
    now = timezone.now()
    reason = refusal_to_read(access, person, now)
    if reason is not None:
        raise refusal_error(reason)
    if must_wait(access, person):
        raise forbidden(_("The tutor has not let you in yet."))
    if moderating and not may_moderate(person):
        raise forbidden(_("Only the tutor of this lesson can do this."))
    since = readable_since(access, person, now)
    return AuthorizedRoom(access.session_id, room, access, person, since)


def join_room(
    user: AnyUser,
    session: SessionBase,
    room: UUID,
    *,
    login: Login | None,
    invite: str | None = None,
    name: str = "",
) -> tuple[Person, RoomAccess]:
    """Return who joins the live room; the session keeps a guest's identity.

    Raises `not_found`, the errors of `identify_joining`, or an error of `refusal_error`.
    """
    stored = _get_room(room)
    person = identify_joining(user, session, stored, get_lessons(), token=invite, name=name)
    person = replace(person, login=login)
    access = load_access([stored], [person])[stored.session_id]
    reason = refusal(access, person, timezone.now())
    if reason is not None:
        raise refusal_error(reason)
    if person.role is Role.GUEST:
        guest_sessions.save_guest(session, room, person)
    return person, access


def _get_room(uuid: UUID) -> StoredRoom:
    room = find_room(uuid, get_lessons())
    if room is None:
        raise not_found()
    return room
