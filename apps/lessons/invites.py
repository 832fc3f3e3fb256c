"""Invite links: signed tokens with the lesson's id, its invite generation and an expiry.

The life of a link is chosen, or it is the lesson's: then the link works until guests may no longer
be in the room, also after the lesson has been moved.

Tokens are not stored. Incrementing the lesson's generation revokes all of its earlier tokens.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from apps.classroom.errors import (
    invite_expired,
    invite_invalid,
    invite_revoked,
    lesson_cancelled,
)
from apps.classroom.lessons import InviteClaims
from apps.classroom.policies import closes_to_guests_at
from apps.common import tokens
from apps.common.pasted import clean_token
from apps.lessons.errors import lesson_not_found
from apps.lessons.models import Lesson

PURPOSE = "lesson-invite"
DEFAULT_TTL = 86_400
MIN_TTL, MAX_TTL = 60, 30 * 86_400


@dataclass(frozen=True, slots=True)
class Invite:
    token: str
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ReadInvite:
    lesson: Lesson
    claims: InviteClaims

    @property
    def expires_at(self) -> datetime:
        return datetime.fromtimestamp(self.claims.exp, UTC)


def make_invite(*, lesson: Lesson, ttl_seconds: int = DEFAULT_TTL, now: datetime) -> Invite:
    """Raises `lesson_cancelled`. `expires_at` is a whole second, as in `exp` (RFC 7519)."""
    return _sign(lesson, now + timedelta(seconds=ttl_seconds))


def make_invite_until_end(*, lesson: Lesson) -> Invite:
    """Raises `lesson_cancelled`. `exp` is as of now; the lesson decides when the link is read."""
    return _sign(lesson, closes_to_guests_at(lesson), until_end=True)


def _sign(lesson: Lesson, expires_at: datetime, **claims: bool) -> Invite:
    if lesson.is_cancelled:
        raise lesson_cancelled()
    expires_at = expires_at.astimezone(UTC).replace(microsecond=0)
    claims_of_lesson = {"lesson": lesson.pk, "gen": lesson.invite_generation}
    token = tokens.sign(PURPOSE, claims_of_lesson | claims, expires_at=expires_at)
    return Invite(token, f"{settings.PUBLIC_URL}/invite/{token}", expires_at)


def find_invited_lesson(token: str) -> Lesson | None:
    """The lesson of a correctly signed token, even if it has expired or was revoked."""
    try:
        claims = tokens.read(PURPOSE, token, allow_expired=True)
    except tokens.BadToken:
        return None
    return Lesson.objects.filter(pk=claims["lesson"]).first()


def read_invite(token: str) -> ReadInvite:
    """The claims of a valid token and the lesson that it opens; a whole pasted link is accepted.

    Raises `invite_invalid` (bad signature or revoked), `invite_expired`, `lesson_not_found` or
    `lesson_cancelled`.
    """
    claims = _read_claims(clean_token(token))
    lesson = Lesson.objects.filter(pk=claims["lesson"]).first()
    if lesson is None:
        raise lesson_not_found()
    if lesson.is_cancelled:
        raise lesson_cancelled()
    if claims["gen"] != lesson.invite_generation:
        raise invite_revoked()
    until_end = bool(claims.get("until_end"))
    exp = int(closes_to_guests_at(lesson).timestamp()) if until_end else claims["exp"]
    if exp <= timezone.now().timestamp():
        raise invite_expired()
    return ReadInvite(lesson, InviteClaims(lesson.pk, claims["gen"], exp, until_end))


def _read_claims(token: str) -> dict[str, Any]:
    try:
        return tokens.read(PURPOSE, token)
    except tokens.ExpiredToken as exc:
        claims = tokens.read(PURPOSE, token, allow_expired=True)
        if not claims.get("until_end"):
            raise invite_expired() from exc
        return claims
    except tokens.BadToken as exc:
        raise invite_invalid() from exc
