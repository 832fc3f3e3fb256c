"""The second factor's forms, with our limit on guesses, for allauth's pages and its headless API.

Authenticator codes and recovery codes are counted apart: whose clock is wrong can still come in.
"""

from typing import Any

from allauth.core import context
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.headless.mfa.inputs import AuthenticateInput, ReauthenticateInput
from allauth.headless.mfa.views import AuthenticateView, ReauthenticateView
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from django.core.cache import cache
from django.core.exceptions import ValidationError

from apps.accounts.adapters import refusal
from apps.accounts.devices import known_device
from apps.accounts.guess_limits import (
    BY_AUTHENTICATOR_CODE,
    BY_RECOVERY_CODE,
    TooManyGuesses,
    begin_guess,
)
from apps.common.security_log import log_security_event


class LimitedCode:
    """Before allauth's form among the bases."""

    user: Any
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        code = normalize_user_code(self.cleaned_data["code"])
        is_recovery = len(code) == app_settings.RECOVERY_CODE_DIGITS
        limit = BY_RECOVERY_CODE if is_recovery else BY_AUTHENTICATOR_CODE
        device = known_device(context.request, self.user.pk) or ""
        try:
            guess = begin_guess([(limit, f"user {self.user.pk} {device}")])
        except TooManyGuesses as exc:
            self._log("second_factor_limited")
            raise refusal(context.request, exc) from exc
        try:
            found: str = super().clean_code()  # type: ignore[misc]
            self._spend(code)
        except ValidationError:
            self._log("second_factor_failed")
            raise
        guess.forgive()
        return found

    def _spend(self, code: str) -> None:
        """No code opens twice. allauth forgets it after one time step; it is good for three."""
        steps = 2 * app_settings.TOTP_TOLERANCE + 1
        spent = f"second-factor:{self.user.pk}:{code}"
        if not cache.add(spent, 1, steps * app_settings.TOTP_PERIOD):
            raise get_adapter().validation_error("incorrect_code")

    def _log(self, event: str) -> None:
        log_security_event(event, request=context.request, user_id=self.user.pk)


class SecondFactorForm(LimitedCode, AuthenticateForm):
    pass


class SecondFactorAgainForm(LimitedCode, ReauthenticateForm):
    pass


class SecondFactorInput(LimitedCode, AuthenticateInput):
    pass


class SecondFactorAgainInput(LimitedCode, ReauthenticateInput):
    pass


class SecondFactorView(AuthenticateView):
    input_class = SecondFactorInput


class SecondFactorAgainView(ReauthenticateView):
    input_class = SecondFactorAgainInput
