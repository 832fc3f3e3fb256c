from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts.models import User


@pytest.fixture
def browser() -> Callable[..., Client]:
    """Returns a function that makes a client, signed in as a user if one is given."""

    def signed_in(user: User | None = None, locale: str = "en") -> Client:
        client = Client(headers={"Accept-Language": locale})
        if user is not None:
            user.locale = locale
            user.save(update_fields=["locale"])
            client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
        return client

    return signed_in
