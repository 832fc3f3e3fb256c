"""allauth's forms and inputs with our fields for an address: it refuses some spellings that are
good, and reads others as another address, before our `clean_email` sees them."""

from typing import Any

from allauth.account.forms import AddEmailForm, LoginForm, ResetPasswordForm
from allauth.headless.account.inputs import AddEmailInput, LoginInput, RequestPasswordResetInput
from allauth.headless.account.views import LoginView, RequestPasswordResetView
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from apps.accounts.adapters import account_email
from apps.accounts.forms import replace_field
from apps.common.forms import AddressField
from apps.common.security_log import log_security_event


class AccountAddressField(AddressField):
    """Of an account that may have been made before addresses had one form."""

    def to_python(self, value: Any) -> str:
        email = account_email(value or "")
        if not email.rpartition("@")[
            0
        ].isascii():  # Django's validator takes the Kelvin sign for a k
            raise ValidationError(_("Enter a valid email address."), code="invalid")
        return email


class KnownAddress:
    """Before allauth's form among the bases."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in {"email", "login"} & self.fields.keys():
            replace_field(self.fields, name, AccountAddressField)


class NewAddress:
    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        replace_field(self.fields, "email", AddressField)

    def save(self, request: HttpRequest) -> Any:
        address = super().save(request)  # type: ignore[misc]
        log_security_event("email_added", request=request)
        return address


class SignInForm(KnownAddress, LoginForm):
    pass


class ForgottenPasswordForm(KnownAddress, ResetPasswordForm):
    pass


class AnotherAddressForm(NewAddress, AddEmailForm):
    pass


class SignInInput(KnownAddress, LoginInput):
    pass


class ForgottenPasswordInput(KnownAddress, RequestPasswordResetInput):
    pass


class AnotherAddressInput(NewAddress, AddEmailInput):
    pass


class SignInView(LoginView):
    input_class = SignInInput


class ForgottenPasswordView(RequestPasswordResetView):
    input_class = ForgottenPasswordInput
