"""Accounts through allauth's headless API: sign-up, sign-in, tokens, sign-out."""

import base64
import json
import string
import time

import jwt
import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from rest_framework.test import APIClient

from apps.accounts import adapters
from apps.accounts.models import User
from tests.builders import AUTH, PASSWORD, bearer, sign_up

pytestmark = pytest.mark.django_db
ME = "/api/me/"


@pytest.fixture
def signed_up(db):
    return sign_up().json()


def sign_in(email="new@school.example", password=PASSWORD):
    return APIClient().post(f"{AUTH}/login", {"email": email, "password": password})


def is_not_authenticated(answer):
    return (answer.status_code, answer.json().get("error")) == (401, "not_authenticated")


# Signing up


def test_sign_up_returns_both_tokens_and_the_access_token_works(db):
    answer = sign_up(role="student", timezone="Europe/Warsaw")
    assert answer.status_code == 200
    meta = answer.json()["meta"]
    assert meta["is_authenticated"] is True
    assert meta["refresh_token"]
    assert bearer(meta["access_token"]).get(ME).json() == {
        "id": User.objects.get().pk,
        "email": "new@school.example",
        "first_name": "Нова",
        "last_name": "Людина",
        "role": "student",
        "timezone": "Europe/Warsaw",
        "locale": "en",
    }


def test_sign_up_without_a_time_zone_uses_the_default(db):
    token = sign_up().json()["meta"]["access_token"]
    assert bearer(token).get(ME).json()["timezone"] == "Europe/Kyiv"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("role", "admin"),
        ("role", ""),
        ("role", None),
        ("role", ["tutor"]),
        ("timezone", "Mars/Olympus"),
        ("timezone", "x" * 65),
        ("first_name", ""),
        ("first_name", "x" * 101),
        ("last_name", None),
        ("email", "nobody"),
        ("email", ""),
        ("email", "a" * 250 + "@x.example"),
        ("email", "x@" + ".".join(["\u0130" * 60] * 4) + ".example"),
        ("email", {}),
        ("password", "short"),
        ("password", "12345678901"),
        ("password", ""),
    ],
)
def test_sign_up_with_an_invalid_field_is_refused(db, name, value):
    answer = sign_up(**{name: value})
    assert answer.status_code == 400
    assert name in {error.get("param") for error in answer.json()["errors"]}
    assert not User.objects.exists()


def test_sign_up_ignores_is_staff_and_is_superuser(db):
    sign_up(is_staff=True, is_superuser=True)
    user = User.objects.get()
    assert not user.is_staff
    assert not user.is_superuser


def test_email_in_capitals_is_the_same_account(signed_up):
    assert sign_up(email="NEW@school.example").status_code != 200
    assert sign_in("NEW@SCHOOL.example").status_code == 200
    assert User.objects.count() == 1


@pytest.mark.parametrize("path", ["signup", "login"])
@pytest.mark.parametrize(
    "sent",
    [
        b"{",
        b"[]",
        b'"x"',
        b"5",
        b"null",
        b"\xff\xfe",
        b'{"email": "\\ud800@x.example", "password": "\\ud800"}',
        b'{"email": "a\\u0000@x.example", "password": "a\\u0000"}',
        b"[" * 100_000,
        b'{"email":' * 5000,
        b'{"email": [], "password": {}}',
        b'{"email": ' + b"9" * 5000 + b"}",
    ],
)
def test_malformed_body_is_refused(db, path, sent):
    answer = APIClient().post(f"{AUTH}/{path}", data=sent, content_type="application/json")
    assert answer.status_code in (400, 401)


# Signing in


def test_sign_in_returns_both_tokens(signed_up):
    meta = sign_in().json()["meta"]
    assert bearer(meta["access_token"]).get(ME).status_code == 200
    assert meta["refresh_token"]


def test_wrong_password_and_unknown_email_get_the_same_response(signed_up):
    wrong, unknown = sign_in(password="wrong"), sign_in("unknown@school.example")
    assert (wrong.status_code, unknown.status_code) == (400, 400)
    assert wrong.json() == unknown.json()


def test_inactive_account_cannot_sign_in(signed_up):
    User.objects.update(is_active=False)
    answer = sign_in()
    assert answer.status_code != 200
    assert "access_token" not in answer.json().get("meta", {})


def test_access_token_of_an_inactive_account_is_refused(signed_up):
    User.objects.update(is_active=False)
    assert is_not_authenticated(bearer(signed_up["meta"]["access_token"]).get(ME))


def test_session_cookie_authenticates(signed_up, api):
    assert api(User.objects.get()).get(ME).status_code == 200


# Tokens


def refresh(token):
    return APIClient().post("/_allauth/app/v1/tokens/refresh", {"refresh_token": token})


def test_refresh_token_returns_a_new_access_token(signed_up):
    answer = refresh(signed_up["meta"]["refresh_token"])
    assert answer.status_code == 200
    assert bearer(answer.json()["data"]["access_token"]).get(ME).status_code == 200


def test_access_and_refresh_tokens_are_not_interchangeable(signed_up):
    assert is_not_authenticated(bearer(signed_up["meta"]["refresh_token"]).get(ME))
    assert refresh(signed_up["meta"]["access_token"]).status_code == 400


def test_sign_out_invalidates_both_tokens(signed_up):
    meta = signed_up["meta"]
    client = APIClient(headers={"X-Session-Token": meta["session_token"]})
    assert client.delete(f"{AUTH}/session").status_code == 401
    assert is_not_authenticated(bearer(meta["access_token"]).get(ME))
    assert refresh(meta["refresh_token"]).status_code == 400


def test_sign_out_keeps_other_sessions(signed_up):
    other = sign_in().json()["meta"]["access_token"]
    client = APIClient(headers={"X-Session-Token": signed_up["meta"]["session_token"]})
    client.delete(f"{AUTH}/session")
    assert bearer(other).get(ME).status_code == 200


def test_password_change_invalidates_tokens_of_other_sessions(signed_up):
    other = sign_in().json()["meta"]["access_token"]
    client = APIClient(headers={"X-Session-Token": signed_up["meta"]["session_token"]})
    change = {"current_password": PASSWORD, "new_password": "another-long-phrase-8"}
    answer = client.post("/_allauth/app/v1/account/password/change", change)
    assert answer.status_code == 200
    assert is_not_authenticated(bearer(other).get(ME))


def claims(token):
    return jwt.decode(token, options={"verify_signature": False})


def test_expired_access_token_is_refused(signed_up):
    old = {**claims(signed_up["meta"]["access_token"]), "exp": int(time.time()) - 1}
    token = jwt.encode(old, settings.HEADLESS_JWT_PRIVATE_KEY, algorithm="HS256")
    answer = bearer(token).get(ME)
    assert is_not_authenticated(answer)
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_access_token_with_another_algorithm_is_refused(signed_up):
    _header, payload, signature = signed_up["meta"]["access_token"].split(".")
    for name in ("none", "None", "HS512", "RS256"):
        header = base64.urlsafe_b64encode(json.dumps({"alg": name}).encode()).decode().rstrip("=")
        for end in (signature, ""):
            assert is_not_authenticated(bearer(f"{header}.{payload}.{end}").get(ME))


@pytest.mark.parametrize("key", ["SECRET_KEY", "other"])
def test_access_token_signed_with_another_key_is_refused(signed_up, key):
    secret = getattr(settings, key, "x" * 64)
    token = jwt.encode(claims(signed_up["meta"]["access_token"]), secret, algorithm="HS256")
    assert is_not_authenticated(bearer(token).get(ME))


def test_access_token_with_any_character_changed_is_refused(signed_up):
    token = signed_up["meta"]["access_token"]
    assert bearer(token).get(ME).status_code == 200
    for position, right in enumerate(token):
        wrong = "A" if right != "A" else "B"
        assert is_not_authenticated(
            bearer(token[:position] + wrong + token[position + 1 :]).get(ME)
        ), position
    for wrong in set(string.ascii_letters + string.digits + "-_=.") - {token[-1]}:
        assert is_not_authenticated(bearer(token[:-1] + wrong).get(ME))


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        *(f"Bearer {bad}" for bad in ("x", "a b", "a.b.c", "..", "\xe9", "x" * 9000)),
    ],
)
def test_malformed_authorization_header_is_refused(db, header):
    answer = APIClient(headers={"Authorization": header}).get(ME)
    assert is_not_authenticated(answer)


def test_basic_authorization_is_refused(db):
    assert is_not_authenticated(APIClient(headers={"Authorization": "Basic eDp4"}).get(ME))


def test_invalid_token_is_refused_despite_a_valid_session(api, signed_up):
    client = api(User.objects.get())
    assert is_not_authenticated(client.get(ME, headers={"Authorization": "Bearer x"}))


# Cookies


def test_unsafe_request_with_a_session_cookie_needs_a_csrf_token(signed_up):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(User.objects.get(), settings.AUTHENTICATION_BACKENDS[0])
    answer = client.patch(ME, {"first_name": "Forged"})
    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
    assert User.objects.get().first_name == "Нова"


def test_unsafe_request_with_an_access_token_needs_no_csrf_token(signed_up):
    client = APIClient(enforce_csrf_checks=True)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {signed_up['meta']['access_token']}")
    assert client.patch(ME, {"first_name": "Mine"}).status_code == 200


# A second factor


def test_sign_in_requires_the_second_factor_once_set_up(signed_up):
    from allauth.mfa.totp.internal.auth import (
        format_hotp_value,
        hotp_value,
        yield_hotp_counters_from_time,
    )

    client = APIClient(headers={"X-Session-Token": signed_up["meta"]["session_token"]})
    url = "/_allauth/app/v1/account/authenticators/totp"
    secret = client.get(url).json()["meta"]["secret"]
    assert client.post(f"{AUTH}/reauthenticate", {"password": PASSWORD}).status_code == 200
    code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    assert client.post(url, {"code": code}).status_code == 200
    answer = sign_in()
    assert answer.status_code == 401
    pending = [flow["id"] for flow in answer.json()["data"]["flows"] if flow.get("is_pending")]
    assert pending == ["mfa_authenticate"]
    assert "access_token" not in answer.json()["meta"]


# Sessions of one account


def test_sign_in_over_the_limit_ends_the_oldest_sessions(signed_up, monkeypatch):
    """allauth looks each of them up when they are listed and at each sign-in."""
    monkeypatch.setattr(adapters, "MAX_SESSIONS", 2)
    tokens = [signed_up["meta"]["access_token"]]
    tokens += [sign_in().json()["meta"]["access_token"] for _ in range(3)]
    statuses = [bearer(token).get(ME).status_code for token in tokens]
    assert statuses == [401, 401, 200, 200]
    assert UserSession.objects.count() == Session.objects.count() == 2


def test_sign_in_does_not_end_sessions_of_others(signed_up, monkeypatch):
    monkeypatch.setattr(adapters, "MAX_SESSIONS", 1)
    other = sign_up(email="other@school.example").json()["meta"]["access_token"]
    sign_in()
    assert bearer(other).get(ME).status_code == 200
