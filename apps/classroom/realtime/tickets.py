"""Tickets: signed, for one person and one room, good for about a minute, opening the sockets."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from apps.classroom.policies import Person, Role
from apps.common import tokens

PURPOSE = "room-ticket"
LIFETIME = timedelta(seconds=60)


class BadTicket(Exception):
    """Missing, tampered with, expired, signed for another purpose or for another room."""


def issue(*, room: UUID, person: Person, now: datetime) -> tuple[str, datetime]:
    """The ticket and when it expires, a whole second as `exp` is."""
    expires_at = now.replace(microsecond=0) + LIFETIME
    claims: dict[str, Any] = {
        "room": str(room),
        "person": person.key,
        "role": person.role.value,
        "name": person.name,
    }
    if person.role is Role.GUEST:
        claims |= {"gen": person.generation, "invite_exp": person.invite_exp}
    return tokens.sign(PURPOSE, claims, expires_at=expires_at), expires_at


def read(ticket: str, room: UUID) -> Person:
    """The person a good ticket for `room` names. Raises BadTicket."""
    try:
        claims = tokens.read(PURPOSE, ticket)
    except (tokens.BadToken, tokens.ExpiredToken) as exc:
        raise BadTicket from exc
    if claims.get("room") != str(room):
        raise BadTicket
    return Person(
        claims["person"],
        claims["name"],
        Role(claims["role"]),
        claims.get("gen"),
        claims.get("invite_exp"),
    )
