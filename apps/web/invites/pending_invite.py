"""The invite link that was opened last, kept in the session.

Who its holder is in the room is kept by apps/classroom/guest_sessions.py. A page's URL never
contains a token, which would leak through `Referer`, history and logs.
"""

from django.http import HttpRequest

from apps.common import tokens
from apps.lessons.invites import PURPOSE

_SESSION_KEY = "invite"


def set_pending_invite(request: HttpRequest, token: str) -> None:
    """Only a signed token is stored, so that made-up links create no sessions."""
    if tokens.is_signed(PURPOSE, token):
        request.session[_SESSION_KEY] = token
    else:
        request.session.pop(_SESSION_KEY, None)


def get_pending_invite(request: HttpRequest) -> str:
    return str(request.session.get(_SESSION_KEY, ""))
