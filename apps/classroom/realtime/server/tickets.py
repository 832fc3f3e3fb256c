"""Tickets: signed values for one person and one room that open its sockets for about a minute."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from allauth.headless.tokens.strategies.jwt.internal import (
    session_key_from_sid,
    session_key_to_sid,
)

from apps.classroom.policies import Login, Person, Role
from apps.common import tokens

PURPOSE = "room-ticket"
LIFETIME = timedelta(seconds=60)


class Ticket(NamedTuple):
    """A verified ticket; its sockets are counted by `id` until `expires` (Unix seconds)."""

    id: str
    person: Person
    expires: int


class BadTicket(Exception):
    """Missing, tampered with, expired, signed for another purpose or for another room."""


def issue(*, room: UUID, person: Person, now: datetime) -> tuple[str, datetime]:
    """Return the ticket and its expiry, which has whole seconds as the JWT claim `exp` does."""
    expires_at = now.replace(microsecond=0) + LIFETIME
    claims: dict[str, Any] = {
        "jti": uuid4().hex,
        "room": str(room),
        "person": person.key,
        "role": person.role.value,
        "name": person.name,
    }
    if person.role is Role.GUEST:
        claims |= {"gen": person.generation, "invite_exp": person.invite_exp}
    if person.login is not None:
        # Encrypted as in allauth's own tokens: a ticket must not reveal the session key.
        claims["login"] = session_key_to_sid(" ".join(person.login))
    return tokens.sign(PURPOSE, claims, expires_at=expires_at), expires_at


def verify(ticket: str, room: UUID) -> Ticket:
    """Verify a ticket for `room`. Raises BadTicket."""
    try:
        claims = tokens.read(PURPOSE, ticket)
    except (tokens.BadToken, tokens.ExpiredToken) as exc:
        raise BadTicket from exc
    if claims.get("room") != str(room):
        raise BadTicket
    person = Person(
        claims["person"],
        claims["name"],
        Role(claims["role"]),
        claims.get("gen"),
        claims.get("invite_exp"),
        _login(claims.get("login")),
    )
    return Ticket(claims.get("jti", ticket), person, claims["exp"])


def _login(sid: str | None) -> Login | None:
    if sid is None:
        return None
    session_key, _space, password = (session_key_from_sid(sid) or "").partition(" ")
    return Login(session_key, password)
