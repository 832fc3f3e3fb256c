"""Passwords are hashed by few threads at a time; more are refused."""

import pytest
from django.contrib.auth.hashers import check_password, make_password
from django.test import Client, override_settings
from rest_framework.test import APIClient

from apps.accounts import hashers
from apps.common import threads
from tests.builders import AUTH, PASSWORD

pytestmark = pytest.mark.django_db
EMAIL = "new@school.example"
HASHER = "apps.accounts.hashers.BoundedPBKDF2PasswordHasher"


def acquire_all_slots():
    for _ in range(hashers.MAX_CONCURRENT_HASHES):
        assert hashers._slots.acquire(timeout=1)


def release_all_slots():
    for _ in range(hashers.MAX_CONCURRENT_HASHES):
        hashers._slots.release()


@pytest.fixture
def quick_hashes(monkeypatch):
    """Let a hash take a millisecond, where its cost is not what a test is about."""
    monkeypatch.setattr(hashers.BoundedPBKDF2PasswordHasher, "iterations", 1000)


@pytest.fixture
def no_free_slot(monkeypatch, quick_hashes, person):
    with override_settings(PASSWORD_HASHERS=[HASHER]):
        person.set_password(PASSWORD)
        person.save()
        monkeypatch.setattr(hashers, "MAX_WAIT", 0.01)
        acquire_all_slots()
        yield
        release_all_slots()


SIGN_UP = {"password": PASSWORD, "first_name": "A", "last_name": "B", "role": "tutor"}


@pytest.mark.parametrize("client", ["app", "browser"])
@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("login", {"email": EMAIL, "password": PASSWORD}),
        ("login", {"email": "no@body.example", "password": PASSWORD}),
        ("signup", SIGN_UP | {"email": "second@school.example"}),
    ],
)
def test_api_answers_429_when_no_hashing_slot_is_free(no_free_slot, client, path, sent):
    answer = APIClient().post(f"/_allauth/{client}/v1/auth/{path}", sent)
    assert (answer.status_code, answer["Retry-After"]) == (429, "2")
    assert answer.json()["status"] == 429
    assert answer.json()["errors"][0]["code"] == "throttled"


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("login", {"login": EMAIL, "password": PASSWORD}),
        ("signup", SIGN_UP | {"email": "second@school.example", "password1": PASSWORD}),
    ],
)
def test_pages_answer_429_when_no_hashing_slot_is_free(no_free_slot, path, sent):
    answer = Client().post(f"/accounts/{path}/", sent, HTTP_ACCEPT_LANGUAGE="en")
    assert (answer.status_code, answer["Retry-After"]) == (429, "2")
    assert "Many people are signing in right now" in answer.content.decode()


def test_password_change_and_reauthentication_answer_429_when_no_slot_is_free(
    monkeypatch, quick_hashes, person
):
    with override_settings(PASSWORD_HASHERS=[HASHER]):
        person.set_password(PASSWORD)
        person.save()
        client = Client()
        client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
        monkeypatch.setattr(hashers, "MAX_WAIT", 0.01)
        acquire_all_slots()
        change = {"oldpassword": PASSWORD, "password1": "n3w-phrase-x", "password2": "n3w-phrase-x"}
        answer = client.post("/accounts/password/change/", change)
        reauthentication = client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        release_all_slots()
    assert (answer.status_code, reauthentication.status_code) == (429, 429)


def test_bounded_hasher_uses_djangos_iterations_and_accepts_its_hashes():
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.PBKDF2PasswordHasher"]):
        old = make_password(PASSWORD)
    with override_settings(PASSWORD_HASHERS=[HASHER]):
        new = make_password(PASSWORD)
        assert check_password(PASSWORD, old)
        assert new.split("$")[:2] == old.split("$")[:2]


def test_request_is_refused_with_429_when_the_hashing_queue_is_full(person):
    extra = {threads.HASHING_QUEUE_FULL: True}
    sent = {"email": EMAIL, "password": PASSWORD}
    api = APIClient().post(f"{AUTH}/login", sent, **extra)
    form = Client().post("/accounts/login/", {"login": EMAIL, "password": PASSWORD}, **extra)
    assert (api.status_code, form.status_code) == (429, 429)
    assert api.json()["status"] == 429
    assert form["Content-Type"].startswith("text/html")
