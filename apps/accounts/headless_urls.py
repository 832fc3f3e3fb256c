"""Those of allauth's headless routes whose views are ours; they stand before its own."""

from typing import Any

from allauth.headless.constants import Client
from django.urls import path

from apps.accounts.address_forms import ForgottenPasswordView, SignInView
from apps.accounts.confirmation import VerifyEmail
from apps.accounts.primary_address import EmailApi
from apps.accounts.second_factor import SecondFactorAgainView, SecondFactorView

_VIEWS: dict[str, Any] = {
    "auth/2fa/authenticate": SecondFactorView,
    "auth/2fa/reauthenticate": SecondFactorAgainView,
    "auth/email/verify": VerifyEmail,
    "auth/login": SignInView,
    "auth/password/request": ForgottenPasswordView,
    "account/email": EmailApi,
}

urlpatterns = [
    path(f"{client.value}/v1/{route}", view.as_api_view(client=client))
    for client in Client
    for route, view in _VIEWS.items()
]
