"""The token of the link that was opened last, kept in the session; one for each purpose.

A page's URL never contains a token, which would leak through `Referer`, history and logs.
"""

from django.contrib.sessions.backends.base import SessionBase

from apps.common import tokens
from apps.common.pasted import clean_token


def keep_token(session: SessionBase, purpose: str, token: str) -> None:
    """Only a signed token is stored, so that made-up links create no sessions."""
    token = clean_token(token)
    if tokens.is_signed(purpose, token):
        session[_key(purpose)] = token
    else:
        drop_token(session, purpose)


def kept_token(session: SessionBase, purpose: str) -> str:
    return str(session.get(_key(purpose), ""))


def drop_token(session: SessionBase, purpose: str) -> None:
    session.pop(_key(purpose), None)


def _key(purpose: str) -> str:
    return f"token:{purpose}"
