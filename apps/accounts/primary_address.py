"""Which of a person's addresses is the primary one, by which the account is known."""

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

from apps.accounts.address_forms import AnotherAddressInput
from apps.accounts.models import User


def why_not_primary(address: EmailAddress) -> str | None:
    """The code of allauth's refusal. Where no mail is sent nobody could confirm the new address,
    so it need not be: its owner signs in with it, but it accepts no invitation."""
    if settings.EMAIL_URL and not manage_email.can_mark_as_primary(address):
        return "unverified_primary_email"
    if User.objects.filter(email=address.email).exclude(pk=address.user_id).exists():
        return "email_taken"
    return None


def make_primary(request: HttpRequest, address: EmailAddress) -> None:
    """allauth's own, which asks for a confirmed address once there was one."""
    raise_if_reauthentication_required(request, app="allauth.account")
    before = EmailAddress.objects.get_primary(address.user)
    address.set_as_primary()
    manage_email.emit_email_changed(request, before, address)


class EmailPage(EmailView):
    def _action_primary(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        address = self._get_email_address(request)
        if address is None:
            return
        refused = why_not_primary(address)
        if refused:
            messages.error(request, get_adapter().validation_error(refused).message)
            return
        make_primary(request, address)
        get_adapter().add_message(
            request, messages.SUCCESS, "account/messages/primary_email_set.txt"
        )


class PrimaryEmailInput(SelectEmailInput):
    primary = inputs.BooleanField(required=True)

    def clean_email(self) -> EmailAddress:
        address: EmailAddress = super().clean_email()  # type: ignore[no-untyped-call]
        refused = why_not_primary(address)
        if refused:
            raise get_adapter().validation_error(refused)
        return address


class EmailApi(ManageEmailView):
    input_class = {
        **ManageEmailView.input_class,
        "POST": AnotherAddressInput,
        "PATCH": PrimaryEmailInput,
    }

    def patch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        make_primary(request, self.input.cleaned_data["email"])
        return self._respond_email_list()
