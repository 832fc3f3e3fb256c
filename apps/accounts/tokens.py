"""Single-use refresh tokens; using one twice means that it was stolen."""

from allauth.headless.internal.sessionkit import session_store
from allauth.headless.tokens.strategies.jwt import JWTTokenStrategy, internal
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from apps.common.security_log import log_security_event


class TokenStrategy(JWTTokenStrategy):
    def refresh_token(self, refresh_token: str) -> tuple[str, str] | None:
        """Return None for an invalid token. A replayed one ends its session (RFC 9700, 4.14.2)."""
        payload = internal.decode_token(refresh_token, "refresh")
        key = internal.session_key_from_sid(payload["sid"]) if payload else None
        if payload is None or not key:
            return None
        with transaction.atomic():
            # Lock the session, or two concurrent requests could both use the same token.
            if not Session.objects.select_for_update().filter(session_key=key).exists():
                return None
            if payload["jti"] in internal.get_refresh_token_state(session_store(key)):
                return super().refresh_token(refresh_token)
            session_store().delete(key)
            UserSession.objects.filter(session_key=key).delete()
        log_security_event("refresh_token_replayed", user_id=int(payload["sub"]))
        return None
