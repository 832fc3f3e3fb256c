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
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from apps.accounts.address_forms import AddAddressInput
from apps.accounts.models import User


def check_primary_address(address: EmailAddress) -> None:
    """Raises allauth's validation error if the address cannot become primary.

    Without a mail server nobody can confirm an address, so an unconfirmed one is allowed: its
    owner can sign in with it, but it does not accept invitations."""
    if settings.EMAIL_URL and not manage_email.can_mark_as_primary(address):
        raise get_adapter().validation_error("unverified_primary_email")
    if User.objects.filter(email=address.email).exclude(pk=address.user_id).exists():
        raise get_adapter().validation_error("email_taken")


def set_primary_address(request: HttpRequest, address: EmailAddress) -> None:
    """Like allauth's flow, but without its rule that a confirmed address is replaced by a
    confirmed one only. Raises `email_taken` if somebody has just registered the address."""
    raise_if_reauthentication_required(request, app="allauth.account")
    before = EmailAddress.objects.get_primary(address.user)
    try:
        with transaction.atomic():
            address.set_as_primary()
    except IntegrityError as exc:
        raise get_adapter().validation_error("email_taken") from exc
    manage_email.emit_email_changed(request, before, address)


class EmailPageView(EmailView):
    def _action_primary(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        address = self._get_email_address(request)
        if address is None:
            return
        try:
            check_primary_address(address)
            set_primary_address(request, address)
        except ValidationError as exc:
            messages.error(request, exc.message)
            return
        get_adapter().add_message(
            request, messages.SUCCESS, "account/messages/primary_email_set.txt"
        )


class PrimaryEmailInput(SelectEmailInput):
    primary = inputs.BooleanField(required=True)

    def clean_email(self) -> EmailAddress:
        address: EmailAddress = super().clean_email()  # type: ignore[no-untyped-call]
        check_primary_address(address)
        return address


class EmailApiView(ManageEmailView):
    input_class = {
        **ManageEmailView.input_class,
        "POST": AddAddressInput,
        "PATCH": PrimaryEmailInput,
    }

    def patch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            set_primary_address(request, self.input.cleaned_data["email"])
        except ValidationError as exc:
            self.input.add_error("email", exc)
            return self.handle_invalid_input(self.input)
        return self._respond_email_list()
