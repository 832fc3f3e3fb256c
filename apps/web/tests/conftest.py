from collections.abc import Callable

import pytest
from django.test import Client

from apps.accounts.models import User


@pytest.fixture
def browser() -> Callable[..., Client]:
    """A browser in which that person, or nobody, is signed in. It reads English."""

    def signed_in(user: User | None = None, locale: str = "en") -> Client:
        client = Client(headers={"Accept-Language": locale})
        if user is not None:
            user.locale = locale
            user.save(update_fields=["locale"])
            client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
        return client

    return signed_in
