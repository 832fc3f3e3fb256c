"""Guest identities in the Django session: one per room, valid for that room only.

It is the only place where a guest's identity is kept; apps/classroom/identity.py reads it.
"""

import uuid
from typing import Any
from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase

from apps.classroom.policies import Person, Role

MAX_NAME = 80  # characters of the name of a guest without an account
MAX_ROOMS = 20
_KEY = "guest_in_rooms"


def new_guest_key() -> str:
    return f"g{uuid.uuid4()}"


def save_guest(session: SessionBase, room: UUID, guest: Person) -> None:
    rooms: dict[str, Any] = session.get(_KEY, {})
    rooms.pop(str(room), None)
    rooms[str(room)] = [guest.key, guest.name, guest.generation, guest.invite_exp]
    session[_KEY] = dict(list(rooms.items())[-MAX_ROOMS:])


def load_guest(session: SessionBase, room: UUID) -> Person | None:
    saved = session.get(_KEY, {}).get(str(room))
    return None if saved is None else _to_person(saved)


def latest_name(session: SessionBase) -> str:
    """Return the name by which this browser last was a guest without an account, or ""."""
    guests = [_to_person(saved) for saved in session.get(_KEY, {}).values()]
    names = [guest.name for guest in guests if guest.user_id is None]
    return names[-1] if names else ""


def _to_person(saved: list[Any]) -> Person:
    key, name, generation, invite_exp = saved
    return Person(key, name, Role.GUEST, generation, invite_exp)
