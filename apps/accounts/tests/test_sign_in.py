"""Accounts through allauth's headless API: sign-up, sign-in, tokens, sign-out."""

import base64
import json
import string
import time

import jwt
import pytest
from django.conf import settings
from rest_framework.test import APIClient

from apps.accounts.models import User
from conftest import AUTH, PASSWORD, bearer, sign_up

pytestmark = pytest.mark.django_db
ME = "/api/me/"


@pytest.fixture
def signed_up(db):
    return sign_up().json()


def sign_in(email="new@school.example", password=PASSWORD):
    return APIClient().post(f"{AUTH}/login", {"email": email, "password": password})


def refused(answer):
    return (answer.status_code, answer.json().get("error")) == (401, "not_authenticated")


# Signing up


def test_signing_up_answers_both_tokens_and_the_access_token_works(db):
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


def test_the_time_zone_may_be_left_out(db):
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
def test_a_bad_field_makes_no_account(db, name, value):
    answer = sign_up(**{name: value})
    assert answer.status_code == 400
    assert name in {error.get("param") for error in answer.json()["errors"]}
    assert not User.objects.exists()


def test_rights_cannot_be_signed_up_for(db):
    sign_up(is_staff=True, is_superuser=True)
    user = User.objects.get()
    assert not user.is_staff
    assert not user.is_superuser


def test_an_email_in_capitals_is_the_same_account(signed_up):
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
def test_a_body_that_makes_no_sense_is_refused(db, path, sent):
    answer = APIClient().post(f"{AUTH}/{path}", data=sent, content_type="application/json")
    assert answer.status_code in (400, 401)


# Signing in


def test_signing_in_answers_both_tokens(signed_up):
    meta = sign_in().json()["meta"]
    assert bearer(meta["access_token"]).get(ME).status_code == 200
    assert meta["refresh_token"]


def test_a_wrong_password_and_an_unknown_email_are_told_apart_by_nobody(signed_up):
    wrong, unknown = sign_in(password="wrong"), sign_in("unknown@school.example")
    assert (wrong.status_code, unknown.status_code) == (400, 400)
    assert wrong.json() == unknown.json()


def test_an_account_switched_off_cannot_sign_in(signed_up):
    User.objects.update(is_active=False)
    answer = sign_in()
    assert answer.status_code != 200
    assert "access_token" not in answer.json().get("meta", {})


def test_an_account_switched_off_loses_its_access_token(signed_up):
    User.objects.update(is_active=False)
    assert refused(bearer(signed_up["meta"]["access_token"]).get(ME))


def test_a_session_cookie_is_an_identity_too(signed_up, api):
    assert api(User.objects.get()).get(ME).status_code == 200


# Tokens


def refresh(token):
    return APIClient().post("/_allauth/app/v1/tokens/refresh", {"refresh_token": token})


def test_a_refresh_token_makes_a_new_access_token(signed_up):
    answer = refresh(signed_up["meta"]["refresh_token"])
    assert answer.status_code == 200
    assert bearer(answer.json()["data"]["access_token"]).get(ME).status_code == 200


def test_neither_token_passes_for_the_other(signed_up):
    assert refused(bearer(signed_up["meta"]["refresh_token"]).get(ME))
    assert refresh(signed_up["meta"]["access_token"]).status_code == 400


def test_signing_out_kills_both_tokens(signed_up):
    meta = signed_up["meta"]
    client = APIClient(headers={"X-Session-Token": meta["session_token"]})
    assert client.delete(f"{AUTH}/session").status_code == 401
    assert refused(bearer(meta["access_token"]).get(ME))
    assert refresh(meta["refresh_token"]).status_code == 400


def test_signing_out_leaves_other_sign_ins_alone(signed_up):
    other = sign_in().json()["meta"]["access_token"]
    client = APIClient(headers={"X-Session-Token": signed_up["meta"]["session_token"]})
    client.delete(f"{AUTH}/session")
    assert bearer(other).get(ME).status_code == 200


def test_changing_the_password_kills_the_tokens_of_other_sign_ins(signed_up):
    other = sign_in().json()["meta"]["access_token"]
    client = APIClient(headers={"X-Session-Token": signed_up["meta"]["session_token"]})
    change = {"current_password": PASSWORD, "new_password": "another-long-phrase-8"}
    answer = client.post("/_allauth/app/v1/account/password/change", change)
    assert answer.status_code == 200
    assert refused(bearer(other).get(ME))


def claims(token):
    return jwt.decode(token, options={"verify_signature": False})


def test_an_expired_access_token_is_not_authenticated(signed_up):
    old = {**claims(signed_up["meta"]["access_token"]), "exp": int(time.time()) - 1}
    token = jwt.encode(old, settings.HEADLESS_JWT_PRIVATE_KEY, algorithm="HS256")
    answer = bearer(token).get(ME)
    assert refused(answer)
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_an_access_token_without_a_signature_is_refused(signed_up):
    _header, payload, signature = signed_up["meta"]["access_token"].split(".")
    for name in ("none", "None", "HS512", "RS256"):
        header = base64.urlsafe_b64encode(json.dumps({"alg": name}).encode()).decode().rstrip("=")
        for end in (signature, ""):
            assert refused(bearer(f"{header}.{payload}.{end}").get(ME))


@pytest.mark.parametrize("key", ["SECRET_KEY", "other"])
def test_an_access_token_by_another_key_is_refused(signed_up, key):
    secret = getattr(settings, key, "x" * 64)
    token = jwt.encode(claims(signed_up["meta"]["access_token"]), secret, algorithm="HS256")
    assert refused(bearer(token).get(ME))


def test_no_single_character_of_an_access_token_can_be_changed(signed_up):
    token = signed_up["meta"]["access_token"]
    assert bearer(token).get(ME).status_code == 200
    for position, right in enumerate(token):
        wrong = "A" if right != "A" else "B"
        assert refused(bearer(token[:position] + wrong + token[position + 1 :]).get(ME)), position
    for wrong in set(string.ascii_letters + string.digits + "-_=.") - {token[-1]}:
        assert refused(bearer(token[:-1] + wrong).get(ME))


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        *(f"Bearer {bad}" for bad in ("x", "a b", "a.b.c", "..", "\xe9", "x" * 9000)),
    ],
)
def test_a_malformed_authorization_is_not_authenticated(db, header):
    answer = APIClient(headers={"Authorization": header}).get(ME)
    assert refused(answer)


def test_another_scheme_is_no_identity(db):
    assert refused(APIClient(headers={"Authorization": "Basic eDp4"}).get(ME))


def test_a_bad_token_is_refused_even_beside_a_good_session(api, signed_up):
    client = api(User.objects.get())
    assert refused(client.get(ME, headers={"Authorization": "Bearer x"}))


# Cookies


def test_an_unsafe_request_by_cookie_needs_a_csrf_token(signed_up):
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(User.objects.get(), settings.AUTHENTICATION_BACKENDS[0])
    answer = client.patch(ME, {"first_name": "Forged"})
    assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")
    assert User.objects.get().first_name == "Нова"


def test_an_access_token_needs_no_csrf_token(signed_up):
    client = APIClient(enforce_csrf_checks=True)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {signed_up['meta']['access_token']}")
    assert client.patch(ME, {"first_name": "Mine"}).status_code == 200


# A second factor


def test_a_second_factor_is_asked_for_once_it_is_set_up(signed_up):
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
