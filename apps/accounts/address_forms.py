"""allauth's forms and API inputs with Kreida's e-mail field.

allauth's own field runs before `clean_email`; it refuses some valid spellings of an address and
maps others to a different address.
"""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import AddEmailForm, LoginForm, ResetPasswordForm
from allauth.account.models import EmailAddress
from allauth.headless.account.inputs import AddEmailInput, LoginInput, RequestPasswordResetInput
from allauth.headless.account.views import LoginView, RequestPasswordResetView
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from apps.accounts.adapters import resolve_account_email
from apps.accounts.forms import NewAddressField, replace_field
from apps.accounts.models import User
from apps.common.forms import AddressField
from apps.common.security_log import log_security_event


class AccountAddressField(AddressField):
    """The address of an account that may be older than the canonical form of addresses."""

    def to_python(self, value: Any) -> str:
        email = resolve_account_email(str(value or ""))  # of JSON it may be a number or a list
        local_part = email.rpartition("@")[0]
        if not local_part.isascii():  # Django's validator lower-cases the Kelvin sign to a k
            raise ValidationError(_("Enter a valid email address."), code="invalid")
        return email


class AccountAddressMixin:
    """Mixin for forms that name an existing account; it comes before allauth's form."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in {"email", "login"} & self.fields.keys():
            replace_field(self.fields, name, AccountAddressField)


class NewAddressMixin:
    """Mixin for forms that add an address; it comes before allauth's form."""

    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        replace_field(self.fields, "email", NewAddressField)

    def clean_email(self) -> str:
        """Refuse another account's address without a mail server, which would confirm it."""
        email: str = super().clean_email()  # type: ignore[misc]
        if not settings.EMAIL_URL and User.objects.filter(email=email).exists():
            raise get_adapter().validation_error("email_taken")
        return email

    def save(self, request: HttpRequest) -> Any:
        address = super().save(request)  # type: ignore[misc]
        log_security_event("email_added", request=request)
        return address


class ForgottenPasswordMixin(AccountAddressMixin):
    """Mixin for the reset forms, whose queries do not depend on who has the address."""

    cleaned_data: dict[str, Any]
    users: list[User]

    def clean_email(self) -> str:
        """Find the same users as allauth, which asks for fewer if one has confirmed the address."""
        email: str = self.cleaned_data["email"]
        addresses = list(EmailAddress.objects.filter(email=email).select_related("user"))
        owners = list(User.objects.filter(email=email))
        confirmed = [address.user for address in addresses if address.verified]
        found = confirmed or [*(address.user for address in addresses), *owners]
        self.users = [user for user in set(found) if user.is_active]
        return email

    def save(self, request: HttpRequest, **kwargs: Any) -> Any:
        if not self.users:  # allauth makes a token from two queries for a known address
            addresses = EmailAddress.objects
            addresses.filter(email=self.cleaned_data["email"], user_id=0).exists()
            list(addresses.filter(user_id=0).values_list("email", flat=True))
        return super().save(request, **kwargs)  # type: ignore[misc]


class SignInForm(AccountAddressMixin, LoginForm):
    pass


class ForgottenPasswordForm(ForgottenPasswordMixin, ResetPasswordForm):
    pass


class AddAddressForm(NewAddressMixin, AddEmailForm):
    pass


class SignInInput(AccountAddressMixin, LoginInput):
    pass


class ForgottenPasswordInput(ForgottenPasswordMixin, RequestPasswordResetInput):
    pass


class AddAddressInput(NewAddressMixin, AddEmailInput):
    pass


class SignInView(LoginView):
    input_class = SignInInput


class ForgottenPasswordView(RequestPasswordResetView):
    input_class = ForgottenPasswordInput
