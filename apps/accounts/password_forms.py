"""allauth's form and API input for changing the password, which log a wrong current password."""

from typing import Any

from allauth.account.forms import ChangePasswordForm
from allauth.core import context
from allauth.headless.account.inputs import ChangePasswordInput
from allauth.headless.account.views import ChangePasswordView
from django.core.exceptions import ValidationError

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


def _log_failure(user: Any) -> None:
    log_security_event("password_change_failed", request=context.request, user_id=user.pk)
