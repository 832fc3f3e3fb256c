"""No input of allauth's headless API causes a server error."""

import json

import pytest
from allauth.headless.constants import Client
from django.urls import get_resolver
from rest_framework.test import APIClient

from tests.builders import AUTH, bearer, sign_up

pytestmark = pytest.mark.django_db
ROOT = "/_allauth/app/v1"
GOOD = {
    **{"email": "new@school.example", "password": "chalk-and-sponge", "role": "student"},
    **{"first_name": "Olena", "last_name": "Koval", "timezone": "Europe/Kyiv", "code": "123456"},
    **{"key": "a-b", "current_password": "x", "new_password": "x", "refresh_token": "x"},
    **{"primary": True, "sessions": [1], "authenticators": [1], "phone": "+380441234567"},
}
MALFORMED = [None, 1, [["a"]], {}, "", "-1", "a\x00@b.example", "\ud800"]
NOT_OBJECTS = [b"[", b"[" * 100_000, b"null", b"[]", b"1", b"\xff", b'{"email": NaN}', b"9" * 5000]


def routes(patterns=None, prefix=""):
    found = set()
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = f"{prefix}{pattern.pattern}"
        if hasattr(pattern, "url_patterns"):
            found |= routes(pattern.url_patterns, path)
        elif path.startswith(f"_allauth/{Client.APP.value}/"):
            found.add(f"/{path}")
    return found


def send(client, method, path, body):
    return client.generic(method, path, body, content_type="application/json").status_code


@pytest.fixture(autouse=True)
def no_rate_limits(settings):
    settings.ACCOUNT_RATE_LIMITS = False


@pytest.mark.parametrize("path", sorted(routes()))
def test_malformed_value_is_no_server_error(path):
    client = APIClient(raise_request_exception=False)
    bodies = [json.dumps({**GOOD, name: value}) for name in GOOD for value in MALFORMED]
    if send(client, "POST", path, json.dumps(GOOD)) in (401, 404, 405):
        bodies = []
    statuses = {send(client, "POST", path, body) for body in [*bodies, *NOT_OBJECTS]}
    for method in ("PUT", "PATCH", "DELETE"):
        statuses |= {
            send(client, method, path, json.dumps(dict.fromkeys(GOOD, value)))
            for value in MALFORMED
        }
    assert not [status for status in statuses if status >= 500]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("is_signed_in", [True, False])
def test_every_route_answers_without_a_server_error(method, is_signed_in):
    client = APIClient(raise_request_exception=False)
    if is_signed_in:
        client = bearer(sign_up().json()["meta"]["access_token"])
        client.raise_request_exception = False
    failed = {path for path in routes() if send(client, method, path, "") >= 500}
    assert not failed


@pytest.mark.parametrize(
    "key", ["", "-", "-1", " -1", "1-", "x-y", "zzzzzzzzzzzzzzzzzz-1", "1-\x00"]
)
def test_malformed_reset_key_is_invalid(key):
    client = APIClient(raise_request_exception=False)
    answer = client.get(f"{AUTH}/password/reset", headers={"X-Password-Reset-Key": key})
    assert answer.status_code == 400
