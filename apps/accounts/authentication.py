"""Authentication by bearer token: allauth's JWTs, accepted in canonical Base64 only."""

from typing import Any

from allauth.headless.contrib.rest_framework.authentication import JWTTokenAuthentication
from allauth.headless.tokens.strategies.jwt.internal import session_key_from_sid
from django.utils.translation import gettext as _
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from apps.common.tokens import is_canonical


class AccessTokenAuthentication(JWTTokenAuthentication):
    def authenticate_credentials(self, key: str) -> Any:
        if not is_canonical(key):
            raise AuthenticationFailed(_("Sign in again."))
        return super().authenticate_credentials(key)


def get_session_key(request: Request) -> str:
    """The key of the request's session, from the access token or the cookie; empty if none."""
    if isinstance(request.auth, dict):
        return session_key_from_sid(request.auth["sid"]) or ""
    return request.session.session_key or ""
