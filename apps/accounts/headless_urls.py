"""Overrides of allauth's headless routes; included before its own URLs."""

from typing import Any

from allauth.headless.constants import Client
from django.urls import path

from apps.accounts.address_forms import ForgottenPasswordView, SignInView
from apps.accounts.email_confirmation import VerifyEmailApiView
from apps.accounts.password_forms import LoggedPasswordChangeView, PasswordResetView
from apps.accounts.primary_address import EmailApiView
from apps.accounts.second_factor import SecondFactorReauthenticateView, SecondFactorView
from apps.common.api_views import NoSuchPathView

_VIEWS: dict[str, Any] = {
    "auth/2fa/authenticate": SecondFactorView,
    "auth/2fa/reauthenticate": SecondFactorReauthenticateView,
    "auth/email/verify": VerifyEmailApiView,
    "auth/login": SignInView,
    "auth/password/request": ForgottenPasswordView,
    "auth/password/reset": PasswordResetView,
    "account/email": EmailApiView,
    "account/password/change": LoggedPasswordChangeView,
}
# allauth's views of phone numbers, which accounts do not have, raise exceptions.
_MISSING = ("account/phone", "auth/phone/verify", "auth/phone/verify/resend")

urlpatterns = [
    path(f"{client.value}/v1/{route}", view.as_api_view(client=client))
    for client in Client
    for route, view in _VIEWS.items()
]
urlpatterns += [
    path(f"{client.value}/v1/{route}", NoSuchPathView.as_view())
    for client in Client
    for route in _MISSING
]
