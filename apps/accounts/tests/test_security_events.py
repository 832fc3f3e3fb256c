"""Each change of an account is one line of the log, with the account and where it came from."""

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.test import Client
from rest_framework.test import APIClient

from apps.accounts.models import User
from conftest import AUTH, PASSWORD, sign_up

pytestmark = pytest.mark.django_db(transaction=True)  # some are logged when they are committed
ACCOUNT = "/_allauth/app/v1/account"
EMAIL, NEW = "new@school.example", "moved@school.example"


@pytest.fixture
def events(log_lines):
    """Of those since the last look; each must name the account and the address."""
    seen = 0

    def since_last_look():
        nonlocal seen
        lines = [line for line in log_lines() if line.get("logger") == "kreida.security"]
        new, seen = lines[seen:], len(lines)
        account = User.objects.get().pk
        assert {(line["user_id"], line["address"]) for line in new} <= {(account, "127.0.0.1")}
        return [line["event"] for line in new]

    return since_last_look


@pytest.fixture
def person(events):
    meta = sign_up().json()["meta"]
    client = APIClient(headers={"X-Session-Token": meta["session_token"]})
    assert client.post(f"{AUTH}/reauthenticate", {"password": PASSWORD}).status_code == 200
    assert events() == ["sign_up", "sign_in"]
    return client


@pytest.fixture
def page(person, events):
    client = Client()
    client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    events()
    return client


def confirm(email):
    key = EmailConfirmationHMAC.create(EmailAddress.objects.get(email=email)).key
    Client().post(f"/accounts/confirm-email/{key}/")


def test_changes_of_addresses_by_the_api_are_logged_once(person, events):
    person.post(f"{ACCOUNT}/email", {"email": NEW})
    assert events() == ["email_added"]
    confirm(NEW)
    assert events() == ["email_confirmed"]
    person.patch(f"{ACCOUNT}/email", {"email": NEW, "primary": True})
    assert events() == ["email_changed"]
    assert person.delete(f"{ACCOUNT}/email", {"email": EMAIL}).status_code == 200
    assert events() == ["email_deleted"]


def test_changes_of_addresses_on_the_page_are_logged_once(page, events):
    for action, email, event in (
        ("add", NEW, "email_added"),
        ("primary", NEW, "email_changed"),
        ("remove", EMAIL, "email_deleted"),
    ):
        page.post("/accounts/email/", {f"action_{action}": "", "email": email})
        assert events() == [event]


def test_refused_address_is_not_logged(page, events):
    page.post("/accounts/email/", {"action_add": "", "email": "no address"})
    page.post("/accounts/email/", {"action_primary": "", "email": "other@school.example"})
    assert events() == []


def test_changes_of_a_second_factor_are_logged_once(person, events):
    factors = f"{ACCOUNT}/authenticators"
    secret = person.get(f"{factors}/totp").json()["meta"]["secret"]
    code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    assert person.post(f"{factors}/totp", {"code": code}).status_code == 200
    assert events() == ["totp_activated"]
    assert person.post(f"{factors}/recovery-codes").status_code == 200
    assert events() == ["recovery_codes_generated"]
    assert person.delete(f"{factors}/totp").status_code == 200
    assert events() == ["totp_deactivated"]


def test_sessions_ended_by_their_owner_are_logged_once(person, page, events):
    assert page.post("/accounts/sessions/").status_code == 302
    assert events() == ["sessions_ended"]
