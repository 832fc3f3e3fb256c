"""Tickets: signed values for one person and one room that open a few sockets in about a minute."""

import time
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from allauth.headless.tokens.strategies.jwt.internal import (
    session_key_from_sid,
    session_key_to_sid,
)
from django.conf import settings

from apps.classroom.policies import Login, Person, Role
from apps.common import tokens

PURPOSE = "room-ticket"
LIFETIME = timedelta(seconds=60)
# Per kind of socket, events or board. A stock Yjs client reconnects with the same ticket.
MAX_USES = 4


class Ticket(NamedTuple):
    """A verified ticket; its uses are counted by `id` until `expires` (Unix seconds)."""

    id: str
    person: Person
    expires: int


class BadTicket(Exception):
    """Missing, tampered with, expired, used up, signed for another purpose or another room."""


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


class TicketUses:
    """How many sockets each ticket has opened in this process."""

    def __init__(self) -> None:
        # (ticket id, kind of socket) -> (uses, expiry in Unix seconds)
        self._uses: dict[tuple[str, str], tuple[int, int]] = {}

    def redeem(self, value: str, room: UUID, kind: str) -> Ticket:
        """Verify a ticket for a socket of this kind and count the use. Raises BadTicket."""
        ticket = verify(value, room)
        used, _expires = self._uses.get((ticket.id, kind), (0, 0))
        if used >= MAX_USES and settings.THROTTLING:
            raise BadTicket
        self._uses[ticket.id, kind] = (used + 1, ticket.expires)
        self._forget_expired()
        return ticket

    def _forget_expired(self) -> None:
        """Forget expired tickets: the oldest come first, and all are valid for the same time."""
        now = time.time()
        while self._uses:
            first = next(iter(self._uses))
            if self._uses[first][1] > now:
                return
            del self._uses[first]


def _login(sid: str | None) -> Login | None:
    if sid is None:
        return None
    session_key, _space, password = (session_key_from_sid(sid) or "").partition(" ")
    return Login(session_key, password)
