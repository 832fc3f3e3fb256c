"""Bearer access tokens: allauth's JWTs, in the one canonical spelling only."""

from typing import Any

from allauth.headless.contrib.rest_framework.authentication import JWTTokenAuthentication
from django.utils.translation import gettext as _
from rest_framework.exceptions import AuthenticationFailed

from apps.common.tokens import is_canonical


class AccessToken(JWTTokenAuthentication):
    def authenticate_credentials(self, key: str) -> Any:
        if not is_canonical(key):
            raise AuthenticationFailed(_("Sign in again."))
        return super().authenticate_credentials(key)
