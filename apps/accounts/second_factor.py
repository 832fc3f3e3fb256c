"""allauth's second-factor forms and API inputs, with rate limits on failed codes.

Authenticator codes and recovery codes have separate limits, so a person whose authenticator's
clock is wrong can still sign in by a recovery code.
"""

from typing import Any

from allauth.core import context
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.headless.mfa.inputs import AuthenticateInput, ReauthenticateInput
from allauth.headless.mfa.views import AuthenticateView, ReauthenticateView
from allauth.mfa import app_settings
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.views import DeactivateTOTPView
from allauth.mfa.utils import is_mfa_enabled
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from apps.accounts.adapters import too_many_attempts_error
from apps.accounts.attempt_limits import (
    BY_AUTHENTICATOR_CODE,
    BY_RECOVERY_CODE,
    TooManyAttempts,
    record_attempt,
)
from apps.accounts.devices import get_known_device_id
from apps.accounts.models import User
from apps.common.security_log import log_security_event


class RateLimitedCodeMixin:
    """Mixin for allauth's forms; it comes before them among the bases."""

    user: Any
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        code = normalize_user_code(self.cleaned_data["code"])
        is_recovery = len(code) == app_settings.RECOVERY_CODE_DIGITS
        limit = BY_RECOVERY_CODE if is_recovery else BY_AUTHENTICATOR_CODE
        device_id = get_known_device_id(context.request, self.user.pk) or ""
        try:
            attempt = record_attempt([(limit, f"user {self.user.pk} {device_id}")])
        except TooManyAttempts as exc:
            self._log("second_factor_limited")
            raise too_many_attempts_error(context.request, exc) from exc
        try:
            cleaned: str = super().clean_code()  # type: ignore[misc]
            self._mark_used(code)
        except ValidationError:
            self._log("second_factor_failed")
            raise
        attempt.undo()
        return cleaned

    def _mark_used(self, code: str) -> None:
        """Raise ValidationError if the code was used before. allauth remembers a used code for one
        time step only, but TOTP_TOLERANCE keeps it valid for longer."""
        valid_steps = 2 * app_settings.TOTP_TOLERANCE + 1
        used_key = f"second-factor:{self.user.pk}:{code}"
        if not cache.add(used_key, 1, valid_steps * app_settings.TOTP_PERIOD):
            raise get_adapter().validation_error("incorrect_code")

    def _log(self, event: str) -> None:
        log_security_event(event, request=context.request, user_id=self.user.pk)


class SecondFactorForm(RateLimitedCodeMixin, AuthenticateForm):
    pass


class SecondFactorReauthenticateForm(RateLimitedCodeMixin, ReauthenticateForm):
    pass


class SecondFactorInput(RateLimitedCodeMixin, AuthenticateInput):
    pass


class SecondFactorReauthenticateInput(RateLimitedCodeMixin, ReauthenticateInput):
    pass


class SecondFactorView(AuthenticateView):
    input_class = SecondFactorInput


class SecondFactorReauthenticateView(ReauthenticateView):
    input_class = SecondFactorReauthenticateInput


class DeactivateTotpPageView(DeactivateTOTPView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """A second click is not an error."""
        me = request.user
        if isinstance(me, User) and not is_mfa_enabled(me, [Authenticator.Type.TOTP]):
            return redirect("mfa_index")
        return super().dispatch(request, *args, **kwargs)
