"""Invite links that a tutor created, kept in the session to be shown on the lesson's page.

A page's URL never contains a token, which would leak through `Referer`, history and logs.
"""

from datetime import datetime
from typing import NamedTuple

from django.http import HttpRequest

from apps.common.errors import DomainError
from apps.lessons.invites import Invite, read_invite
from apps.lessons.models import Lesson

_SESSION_KEY = "links_made"
MAX_KEPT = 20


class CreatedLink(NamedTuple):
    url: str
    expires_at: datetime
    lasts_until_end: bool


def remember_created_link(request: HttpRequest, lesson: Lesson, invite: Invite) -> None:
    """Keep the link for the lesson's page; only the latest MAX_KEPT are kept."""
    created = request.session.get(_SESSION_KEY, {})
    created.pop(str(lesson.pk), None)
    created[str(lesson.pk)] = [invite.token, invite.url]
    request.session[_SESSION_KEY] = dict(list(created.items())[-MAX_KEPT:])


def find_created_link(request: HttpRequest, lesson: Lesson) -> CreatedLink | None:
    """The link created in this session, or None once it no longer opens the lesson."""
    created = request.session.get(_SESSION_KEY, {}).get(str(lesson.pk))
    if created is None:
        return None
    token, url, *_older = created  # releases before stored the expiry too
    try:
        invite = read_invite(token)
    except DomainError:
        return None
    return CreatedLink(url, invite.expires_at, invite.claims.until_end)
