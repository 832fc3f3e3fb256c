"""Short signed tokens (JWT, RFC 7519, HS256), each purpose under a key of its own."""

from datetime import datetime
from typing import Any

import jwt
from django.conf import settings

from apps.common.keys import derive_key

_OPTIONS: Any = {"require": ["exp"], "verify_iat": False, "verify_sub": False}
_EVEN_EXPIRED: Any = {**_OPTIONS, "verify_exp": False}


class BadToken(Exception):
    """Malformed, tampered with, or signed for another purpose."""


class ExpiredToken(Exception):
    """Properly signed, but its time is over."""


def sign(purpose: str, claims: dict[str, Any], *, expires_at: datetime) -> str:
    payload = {**claims, "exp": int(expires_at.timestamp())}
    return jwt.encode(payload, derive_key(settings.SECRET_KEY, purpose), algorithm="HS256")


def read(purpose: str, token: str, *, allow_expired: bool = False) -> dict[str, Any]:
    """The claims of a token signed for `purpose`. Raises BadToken, or ExpiredToken once the
    signature is known to be good."""
    if not is_canonical(token):
        raise BadToken
    try:
        return jwt.decode(
            token,
            derive_key(settings.SECRET_KEY, purpose),
            algorithms=["HS256"],
            options=_EVEN_EXPIRED if allow_expired else _OPTIONS,
        )
    except jwt.ExpiredSignatureError as exc:
        raise ExpiredToken from exc
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as exc:
        raise BadToken from exc


def is_canonical(token: str) -> bool:
    """Whether each segment is the one base64url spelling of its bytes (RFC 7515 §2).

    Decoders ignore the spare bits of a last character, so without this a token with one
    character changed could still pass.
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
