"""Session cookies that Kreida never gave out."""

import pytest
from django.contrib.sessions.models import Session


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
