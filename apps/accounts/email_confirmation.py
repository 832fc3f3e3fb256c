"""Views for the confirmation link in a mail; opening it a second time is not an error."""

from typing import Any

from allauth.account import app_settings
from allauth.account.models import EmailAddress
from allauth.account.views import ConfirmEmailView
from allauth.headless.account.views import VerifyEmailView
from allauth.headless.base.response import AuthenticationResponse
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render


def is_already_confirmed(key: str) -> bool:
    """Whether the key is valid and its address is confirmed already."""
    max_age = app_settings.EMAIL_CONFIRMATION_EXPIRE_DAYS * 86400
    try:
        pk = signing.loads(key, max_age=max_age, salt=app_settings.SALT)
    except signing.BadSignature:
        return False
    return isinstance(pk, int) and EmailAddress.objects.filter(pk=pk, verified=True).exists()


class ConfirmEmailPageView(ConfirmEmailView):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_already_confirmed(kwargs["key"]):
            return render(request, "account/email_already_confirmed.html")
        try:
            return super().dispatch(request, *args, **kwargs)
        except Http404:  # the form was posted with an invalid or expired key
            self.object = None
            return self.render_to_response(self.get_context_data(), status=404)


class VerifyEmailApiView(VerifyEmailView):
    def handle_input(self, data: Any) -> Any:
        key = data.get("key") if data else None
        if isinstance(key, str) and is_already_confirmed(key):
            return AuthenticationResponse(self.request)
        return super().handle_input(data)
