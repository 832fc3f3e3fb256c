"""Invite links kept in the session: those a tutor created and the one that was opened last.

Who its holder is in the room is kept by apps/classroom/guest_sessions.py. A page's URL never
contains a token, which would leak through `Referer`, history and logs.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from django.http import HttpRequest

from apps.common import tokens
from apps.common.errors import DomainError
from apps.lessons.invites import PURPOSE, Invite, read_invite
from apps.lessons.models import Lesson

_CREATED_KEY = "links_made"
_PENDING_KEY = "invite"
MAX_KEPT = 20


class CreatedLink(NamedTuple):
    url: str
    expires_at: datetime


def remember_created_link(request: HttpRequest, lesson: Lesson, invite: Invite) -> None:
    """Keep the link for the lesson's page; only the latest MAX_KEPT are kept."""
    created = request.session.get(_CREATED_KEY, {})
    created.pop(str(lesson.pk), None)
    created[str(lesson.pk)] = [invite.token, invite.url, int(invite.expires_at.timestamp())]
    request.session[_CREATED_KEY] = dict(list(created.items())[-MAX_KEPT:])


def find_created_link(request: HttpRequest, lesson: Lesson) -> CreatedLink | None:
    """The link created in this session, or None once it no longer opens the lesson."""
    created = request.session.get(_CREATED_KEY, {}).get(str(lesson.pk))
    if created is None:
        return None
    token, url, expires = created
    try:
        read_invite(token)
    except DomainError:
        return None
    return CreatedLink(url, datetime.fromtimestamp(expires, UTC))


def set_pending_invite(request: HttpRequest, token: str) -> None:
    """Only a signed token is stored, so that made-up links create no sessions."""
    if tokens.is_signed(PURPOSE, token):
        request.session[_PENDING_KEY] = token
    else:
        request.session.pop(_PENDING_KEY, None)


def get_pending_invite(request: HttpRequest) -> str:
    return str(request.session.get(_PENDING_KEY, ""))
