"""Invite links in a browser's session: the one a tutor has made, and the one a guest came with.

A token never stands in the address of a page: it would leak by `Referer`, history and logs.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from django.http import HttpRequest

from apps.common.errors import DomainError
from apps.lessons.invites import Invite, read_invite
from apps.lessons.models import Lesson

_MADE = "links_made"
_ARRIVED = "invite"
_OPENED = "invites"
_NAME = "guest_name"
MOST = 20


class Link(NamedTuple):
    url: str
    expires_at: datetime


def remember_link(request: HttpRequest, lesson: Lesson, invite: Invite) -> None:
    """So that the lesson's page can show it again. Only the latest few are kept."""
    made = request.session.get(_MADE, {})
    made.pop(str(lesson.pk), None)
    made[str(lesson.pk)] = [invite.token, invite.url, int(invite.expires_at.timestamp())]
    request.session[_MADE] = dict(list(made.items())[-MOST:])


def made_link(request: HttpRequest, lesson: Lesson) -> Link | None:
    """The link made in this browser, while it still opens the lesson."""
    made = request.session.get(_MADE, {}).get(str(lesson.pk))
    if made is None:
        return None
    token, url, expires = made
    try:
        read_invite(token)
    except DomainError:
        return None
    return Link(url, datetime.fromtimestamp(expires, UTC))


def arrive_with(request: HttpRequest, token: str) -> None:
    request.session[_ARRIVED] = token


def arrived_with(request: HttpRequest) -> str:
    return str(request.session.get(_ARRIVED, ""))


def open_lesson(request: HttpRequest, lesson: Lesson, guest_name: str = "") -> None:
    """From here on the room of `lesson` finds the invite, and a guest's name, in the session."""
    opened = request.session.get(_OPENED, {})
    opened.pop(str(lesson.pk), None)
    opened[str(lesson.pk)] = arrived_with(request)
    request.session[_OPENED] = dict(list(opened.items())[-MOST:])
    if guest_name:
        request.session[_NAME] = guest_name


def invite_for(request: HttpRequest, lesson_id: int) -> str:
    """The token this browser came with to that lesson, or "". It may have expired since."""
    return str(request.session.get(_OPENED, {}).get(str(lesson_id), ""))


def guest_name(request: HttpRequest) -> str:
    return str(request.session.get(_NAME, ""))
