"""The sign-up policy (setting SIGN_UP) and invitation links for tutors.

Closed sign-up is closed to strangers and to tutors; whom a tutor has invited may still sign up as a
student (`AccountAdapter.is_invited`).

A link is a signed token with an address and an expiry. It works once, since only one account can
have the address.
"""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

from apps.common import tokens
from apps.common.pasted import clean_token
from apps.common.session_tokens import kept_token
from apps.common.text import clean_email

PURPOSE = "tutor-invitation"
LINK_TTL = timedelta(days=7)


def is_open() -> bool:
    return bool(settings.SIGN_UP != "closed")


def tutors_need_invitation() -> bool:
    """True too where no tutor can sign up."""
    return bool(settings.SIGN_UP != "open")


def make_tutor_link(email: str, now: datetime) -> str:
    expires_at = now.astimezone(UTC).replace(microsecond=0) + LINK_TTL
    token = tokens.sign(PURPOSE, {"email": clean_email(email)}, expires_at=expires_at)
    return f"{settings.PUBLIC_URL}/tutor-invitation/{token}"


def invited_tutor(session: SessionBase | None) -> str:
    """The address that the link opened in this session invites as a tutor, or ""."""
    try:
        token = clean_token(kept_token(session, PURPOSE)) if session is not None else ""
        return str(tokens.read(PURPOSE, token)["email"]) if token else ""
    except (tokens.BadToken, tokens.ExpiredToken):
        return ""


def may_sign_up_as_tutor(email: str, session: SessionBase | None) -> bool:
    if not tutors_need_invitation():
        return True
    return is_open() and bool(email) and invited_tutor(session) == email
