"""Bearer access tokens: allauth's JWTs, in the one canonical spelling only."""

from typing import Any

from allauth.headless.contrib.rest_framework.authentication import JWTTokenAuthentication
from allauth.headless.tokens.strategies.jwt.internal import decode_token, session_key_from_sid
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from rest_framework.exceptions import AuthenticationFailed

from apps.accounts.models import User
from apps.common.tokens import is_canonical

_SIGNED_IN = """
SELECT {columns}, session.session_data
FROM accounts_user AS person, django_session AS session
WHERE person.id = %s AND person.is_active
    AND session.session_key = %s AND session.expire_date > %s
""".format(columns=", ".join(f"person.{f.column}" for f in User._meta.concrete_fields))


class AccessToken(JWTTokenAuthentication):
    def authenticate_credentials(self, key: str) -> Any:
        claims = decode_token(key, "access") if is_canonical(key) else None
        user = _signed_in(claims) if claims else None
        if user is None:
            raise AuthenticationFailed(_("Sign in again."))
        return user, claims


def _signed_in(claims: dict[str, Any]) -> User | None:
    """Whom the token speaks for, while its session lasts: signing out, a new password and a
    deactivated account end it at once.

    The checks of allauth's own stateful validation, but in one query, not two through the ORM:
    every request makes it.
    """
    session_key = session_key_from_sid(claims["sid"])
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    for user in User.objects.raw(_SIGNED_IN, [int(claims["sub"]), session_key, now]):
        session = SessionStore().decode(user.session_data)  # type: ignore[attr-defined]
        if (
            session.get(SESSION_KEY) == str(user.pk)
            and session.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
            and constant_time_compare(
                session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()
            )
        ):
            return user
    return None
