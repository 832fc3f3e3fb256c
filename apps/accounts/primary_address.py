"""Choosing which of a user's addresses is primary (`User.email`), on the page and by the API."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows import manage_email
from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.account.models import EmailAddress
from allauth.account.views import EmailView
from allauth.headless.account.inputs import SelectEmailInput
from allauth.headless.account.views import ManageEmailView
from allauth.headless.internal.restkit import inputs
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest

from apps.accounts.address_forms import AddAddressInput
from apps.accounts.models import User


def get_primary_error_code(address: EmailAddress) -> str | None:
    """allauth's error code if the address cannot become primary, else None.

    Without a mail server nobody can confirm an address, so an unconfirmed one is allowed: its
    owner can sign in with it, but it does not accept invitations."""
    if settings.EMAIL_URL and not manage_email.can_mark_as_primary(address):
        return "unverified_primary_email"
    if User.objects.filter(email=address.email).exclude(pk=address.user_id).exists():
        return "email_taken"
    return None


def set_primary_address(request: HttpRequest, address: EmailAddress) -> None:
    """Like allauth's flow, but without its rule that a confirmed address is replaced by a
    confirmed one only."""
    raise_if_reauthentication_required(request, app="allauth.account")
    before = EmailAddress.objects.get_primary(address.user)
    address.set_as_primary()
    manage_email.emit_email_changed(request, before, address)


class EmailPageView(EmailView):
    def _action_primary(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        address = self._get_email_address(request)
        if address is None:
            return
        error_code = get_primary_error_code(address)
        if error_code:
            messages.error(request, get_adapter().validation_error(error_code).message)
            return
        set_primary_address(request, address)
        get_adapter().add_message(
            request, messages.SUCCESS, "account/messages/primary_email_set.txt"
        )


class PrimaryEmailInput(SelectEmailInput):
    primary = inputs.BooleanField(required=True)

    def clean_email(self) -> EmailAddress:
        address: EmailAddress = super().clean_email()  # type: ignore[no-untyped-call]
        error_code = get_primary_error_code(address)
        if error_code:
            raise get_adapter().validation_error(error_code)
        return address


class EmailApiView(ManageEmailView):
    input_class = {
        **ManageEmailView.input_class,
        "POST": AddAddressInput,
        "PATCH": PrimaryEmailInput,
    }

    def patch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        set_primary_address(request, self.input.cleaned_data["email"])
        return self._respond_email_list()
