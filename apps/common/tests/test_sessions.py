"""Sessions: keys that Kreida never gave out, earlier releases, expiry."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from tests.builders import bearer, sign_up


@pytest.mark.parametrize(
    "key", ["\\000" * 8, "abcdefgh\\000", "abc\\377defgh", "abcd-efgh", "        "]
)
@pytest.mark.parametrize(("path", "status"), [("/accounts/login/", 200), ("/api/me/", 401)])
def test_impossible_session_key_is_no_session(client, db, settings, key, path, status):
    cookie = f'{settings.SESSION_COOKIE_NAME}="{key}"'
    assert client.get(path, headers={"cookie": cookie}).status_code == status
    assert not Session.objects.exists()


def test_session_of_an_earlier_release_stays_valid(client, tutor):
    """The class name is part of the salt of a stored session."""
    client.force_login(tutor, "allauth.account.auth_backends.AuthenticationBackend")
    stored = Session.objects.get()
    assert stored.get_decoded()["_auth_user_id"] == str(tutor.pk)
    assert client.get("/api/me/").status_code == 200


@pytest.mark.parametrize(("seconds", "status"), [(-1, 401), (60, 200)])
def test_cookie_and_access_token_end_when_their_session_expires(db, seconds, status):
    token = sign_up().json()["meta"]["access_token"]
    client = Client()
    client.force_login(User.objects.get(), "allauth.account.auth_backends.AuthenticationBackend")
    Session.objects.update(expire_date=timezone.now() + timedelta(seconds=seconds))
    assert client.get("/api/me/").status_code == status
    assert bearer(token).get("/api/me/").status_code == status
