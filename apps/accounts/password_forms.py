"""allauth's form and API inputs for passwords: a wrong current password is logged, and a malformed
reset key is refused."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ChangePasswordForm
from allauth.core import context
from allauth.headless.account.inputs import (
    ChangePasswordInput,
    ResetPasswordInput,
    ResetPasswordKeyInput,
)
from allauth.headless.account.views import ChangePasswordView, ResetPasswordView
from allauth.headless.internal.restkit.response import ErrorResponse
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from apps.common.security_log import log_security_event


class LoggedPasswordChangeForm(ChangePasswordForm):
    def clean_oldpassword(self) -> str:
        try:
            return super().clean_oldpassword()
        except ValidationError:
            _log_failure(self.user)
            raise


class LoggedPasswordChangeInput(ChangePasswordInput):
    def clean_current_password(self) -> str:
        try:
            return super().clean_current_password()  # type: ignore[no-any-return, no-untyped-call]
        except ValidationError:
            _log_failure(self.user)
            raise


class LoggedPasswordChangeView(ChangePasswordView):
    input_class = LoggedPasswordChangeInput


class ResetKeyMixin:
    """Mixin for allauth's inputs, which raise TypeError for a key without its first part."""

    cleaned_data: dict[str, Any]

    def clean_key(self) -> str:
        user, _dash, token = self.cleaned_data["key"].partition("-")
        if not (user.strip() and token.strip()):
            raise get_adapter().validation_error("invalid_password_reset")
        return super().clean_key()  # type: ignore[misc, no-any-return]


class PasswordResetKeyInput(ResetKeyMixin, ResetPasswordKeyInput):
    pass


class PasswordResetInput(ResetKeyMixin, ResetPasswordInput):
    pass


class PasswordResetView(ResetPasswordView):
    input_class = PasswordResetInput

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        key = PasswordResetKeyInput({"key": request.headers.get("X-Password-Reset-Key", "")})
        if not key.is_valid():
            return ErrorResponse(request, input=key)
        return super().get(request, *args, **kwargs)


def _log_failure(user: Any) -> None:
    log_security_event("password_change_failed", request=context.request, user_id=user.pk)
