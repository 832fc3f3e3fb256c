"""Short signed tokens (JWT, RFC 7519, HS256) with a separate key for each purpose."""

from datetime import datetime
from typing import Any

import jwt
from django.conf import settings

from apps.common.keys import derive_key

_OPTIONS: Any = {"require": ["exp"], "verify_iat": False, "verify_sub": False}
_OPTIONS_WITHOUT_EXPIRY: Any = {**_OPTIONS, "verify_exp": False}


class BadToken(Exception):
    """Malformed, tampered with, or signed for another purpose."""


class ExpiredToken(Exception):
    """Correctly signed, but expired."""


def sign(purpose: str, claims: dict[str, Any], *, expires_at: datetime) -> str:
    payload = {**claims, "exp": int(expires_at.timestamp())}
    return jwt.encode(payload, derive_key(settings.SECRET_KEY, purpose), algorithm="HS256")


def read(purpose: str, token: str, *, allow_expired: bool = False) -> dict[str, Any]:
    """Return the claims of a token signed for `purpose`. Raises BadToken, or ExpiredToken if only
    the expiry is wrong."""
    if not is_canonical(token):
        raise BadToken
    try:
        return jwt.decode(
            token,
            derive_key(settings.SECRET_KEY, purpose),
            algorithms=["HS256"],
            options=_OPTIONS_WITHOUT_EXPIRY if allow_expired else _OPTIONS,
        )
    except jwt.ExpiredSignatureError as exc:
        raise ExpiredToken from exc
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as exc:
        raise BadToken from exc


def is_signed(purpose: str, token: str) -> bool:
    """Whether the signature is right, even if the token has expired."""
    try:
        read(purpose, token, allow_expired=True)
    except (BadToken, ExpiredToken):
        return False
    return True


def is_canonical(token: str) -> bool:
    """Return True if each segment is the canonical base64url encoding of its bytes (RFC 7515 §2).

    Decoders ignore the spare bits of the last character, so that a token with one character changed
    could otherwise still be valid.
    """
    segments = token.split(".")
    if len(segments) != 3 or not token.isascii():
        return False
    try:
        return all(
            jwt.utils.base64url_encode(jwt.utils.base64url_decode(segment)).decode() == segment
            for segment in segments
        )
    except ValueError:
        return False
