"""Who somebody is in a room: the lesson's tutor, its student, a guest, or nobody (None).

HTTP requests of the API and the pages are identified here. A socket's person is the one in its
ticket, which `join` issues to the person identified here.
"""

from dataclasses import replace
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotAuthenticated

from apps.accounts.models import User
from apps.classroom import guest_sessions
from apps.classroom.errors import invite_invalid
from apps.classroom.lessons import InviteClaims, LessonPeople, Lessons
from apps.classroom.policies import Person, Role, participant_role
from apps.classroom.room_access import StoredRoom
from apps.common.errors import DomainError, forbidden, invalid

AnyUser = User | AnonymousUser


def identify(
    user: AnyUser, session: SessionBase, room: UUID, lesson: LessonPeople
) -> Person | None:
    """Return a participant, or the guest whose identity the session keeps for this room."""
    if not isinstance(user, User):
        return guest_sessions.load_guest(session, room, None)
    role = participant_role(user, lesson)
    if role is not None:
        return Person(f"u{user.pk}", user.get_full_name(), role)
    guest = guest_sessions.load_guest(session, room, user.pk)
    return None if guest is None else replace(guest, name=user.get_full_name())


def require_identity(
    user: AnyUser, session: SessionBase, room: UUID, lesson: LessonPeople
) -> Person:
    """Raise `not_authenticated`, or `forbidden` with an account, for nobody."""
    person = identify(user, session, room, lesson)
    if person is None:
        raise forbidden() if user.is_authenticated else NotAuthenticated
    return person


def identify_joining(
    user: AnyUser,
    session: SessionBase,
    room: StoredRoom,
    lessons: Lessons,
    *,
    token: str | None,
    name: str,
) -> Person:
    """Identify somebody who joins, maybe by the invite `token`; `name` is for a guest without an
    account.

    Raises the errors of `require_identity`, `Lessons.read_invite` and `make_guest`.
    """
    known = identify(user, session, room.uuid, room.lesson)
    if known is not None and known.role is not Role.GUEST:
        return known
    if token is None:
        known = require_identity(user, session, room.uuid, room.lesson)
        return replace(known, name=name) if name and known.user_id is None else known
    try:
        invite = lessons.read_invite(token)
    except DomainError as exc:
        if known is None or exc.code != "invite_invalid":
            raise
        return known  # admitted guests stay when their invite is revoked: the policy decides
    if invite.lesson_id != room.lesson.id:
        raise invite_invalid()
    return make_guest(user, session, room.uuid, invite, name)


def make_guest(
    user: AnyUser, session: SessionBase, room: UUID, invite: InviteClaims, name: str = ""
) -> Person:
    """Return the guest that a valid invite makes of somebody; the same guest as before, if any.

    Raises `validation_error` for a guest without an account and without a name.
    """
    if isinstance(user, User):
        key, name = f"u{user.pk}", user.get_full_name()
    else:
        known = guest_sessions.load_guest(session, room, None)
        key = known.key if known else guest_sessions.new_guest_key()
        name = name or (known.name if known else "")
    if not name:
        raise invalid(name=_("Write your name."))
    return Person(key, name, Role.GUEST, invite.generation, invite.exp)
