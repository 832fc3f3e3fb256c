"""Invite links: signed tokens with the lesson's id, its invite generation and an expiry.

Tokens are not stored. Incrementing the lesson's generation revokes all of its earlier tokens.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings

from apps.classroom.errors import (
    invite_expired,
    invite_invalid,
    invite_revoked,
    lesson_cancelled,
)
from apps.classroom.lessons import InviteClaims
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


def make_invite(*, lesson: Lesson, ttl_seconds: int = DEFAULT_TTL, now: datetime) -> Invite:
    """Raises `lesson_cancelled`. `expires_at` is a whole second, as in `exp` (RFC 7519)."""
    if lesson.is_cancelled:
        raise lesson_cancelled()
    expires_at = now.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=ttl_seconds)
    claims = {"lesson": lesson.pk, "gen": lesson.invite_generation}
    token = tokens.sign(PURPOSE, claims, expires_at=expires_at)
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
    try:
        claims = tokens.read(PURPOSE, clean_token(token))
    except tokens.ExpiredToken as exc:
        raise invite_expired() from exc
    except tokens.BadToken as exc:
        raise invite_invalid() from exc
    lesson = Lesson.objects.filter(pk=claims["lesson"]).first()
    if lesson is None:
        raise lesson_not_found()
    if lesson.is_cancelled:
        raise lesson_cancelled()
    if claims["gen"] != lesson.invite_generation:
        raise invite_revoked()
    return ReadInvite(lesson, InviteClaims(lesson.pk, claims["gen"], claims["exp"]))
