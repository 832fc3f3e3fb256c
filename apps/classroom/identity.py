"""Identify people in a room: as the lesson's tutor, its student, a guest, or nobody (None).

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
from apps.classroom.policies import UNTIL_LESSON_ENDS, Person, Role, participant_role
from apps.classroom.stored_rooms import StoredRoom
from apps.common.errors import DomainError, forbidden, invalid

AnyUser = User | AnonymousUser


def identify(
    user: AnyUser, session: SessionBase, room: UUID, lesson: LessonPeople
) -> Person | None:
    """Return a participant, or the guest whose identity the session keeps for this room.

    The identity of a guest with an account is good only while that account is signed in. A guest
    who signs in afterwards is a guest with their account from then on.
    """
    guest = guest_sessions.load_guest(session, room)
    if not isinstance(user, User):
        return guest if guest is not None and guest.user_id is None else None
    role = participant_role(user, lesson)
    if role is not None:
        return Person(f"u{user.pk}", user.get_full_name(), role)
    if guest is None or guest.user_id not in {None, user.pk}:
        return None
    return replace(guest, key=f"u{user.pk}", name=user.get_full_name())


def require_identity(
    user: AnyUser, session: SessionBase, room: UUID, lesson: LessonPeople
) -> Person:
    """Raise `not_authenticated`, or `forbidden` with an account, for nobody."""
    return _require(identify(user, session, room, lesson), user)


def _require(person: Person | None, user: AnyUser) -> Person:
    if person is not None:
        return person
    if not user.is_authenticated:
        raise NotAuthenticated
    raise forbidden(
        _("This room belongs to somebody else’s lesson. Ask its tutor for an invite link.")
    )


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
        return _rename(_require(known, user), name)
    try:
        invite = lessons.read_invite(token)
    except DomainError as exc:
        if known is None or exc.code != "invite_invalid":
            raise
        return known  # admitted guests stay when their invite is revoked: the policy decides
    if invite.lesson_id != room.lesson.id:
        raise invite_invalid()
    return make_guest(user, known, invite, name)


def make_guest(user: AnyUser, known: Person | None, invite: InviteClaims, name: str = "") -> Person:
    """Return the guest that a valid invite makes of somebody, `known` if they are one already.

    Raises `validation_error` for a guest without a name.
    """
    if known is None:
        known = (
            Person(f"u{user.pk}", user.get_full_name(), Role.GUEST)
            if isinstance(user, User)
            else Person(guest_sessions.new_guest_key(), "", Role.GUEST)
        )
    guest = _rename(known, name)
    if not guest.name:
        raise invalid(name=_("Enter your name."))
    invite_exp = UNTIL_LESSON_ENDS if invite.until_end else invite.exp
    return replace(guest, generation=invite.generation, invite_exp=invite_exp)


def _rename(guest: Person, name: str) -> Person:
    """An account keeps its own name."""
    return replace(guest, name=name) if name and guest.user_id is None else guest
