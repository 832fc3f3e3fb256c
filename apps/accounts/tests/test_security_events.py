"""Each change of an account is logged once, with the user and the client's IP address."""

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from apps.accounts.models import User
from tests.builders import AUTH, PASSWORD, make_user, sign_up

pytestmark = pytest.mark.django_db(transaction=True)  # some events are logged on commit
ACCOUNT = "/_allauth/app/v1/account"
EMAIL, NEW = "new@school.example", "moved@school.example"


@pytest.fixture
def get_new_events(log_lines):
    """Returns the events logged since its last call; checks their user and IP address."""
    line_count = 0

    def new_events():
        nonlocal line_count
        lines = [line for line in log_lines() if line.get("logger") == "kreida.security"]
        new, line_count = lines[line_count:], len(lines)
        account = User.objects.get().pk
        assert {(line["user_id"], line["address"]) for line in new} <= {(account, "127.0.0.1")}
        return [line["event"] for line in new]

    return new_events


@pytest.fixture
def api_client(get_new_events):
    meta = sign_up().json()["meta"]
    client = APIClient(headers={"X-Session-Token": meta["session_token"]})
    assert client.post(f"{AUTH}/reauthenticate", {"password": PASSWORD}).status_code == 200
    assert get_new_events() == ["sign_up", "sign_in"]
    return client


@pytest.fixture
def browser(api_client, get_new_events):
    client = Client()
    client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    get_new_events()
    return client


def confirm(email):
    key = EmailConfirmationHMAC.create(EmailAddress.objects.get(email=email)).key
    Client().post(f"/accounts/confirm-email/{key}/")


def test_address_changes_by_the_api_are_logged_once(api_client, get_new_events):
    api_client.post(f"{ACCOUNT}/email", {"email": NEW})
    assert get_new_events() == ["email_added"]
    confirm(NEW)
    assert get_new_events() == ["email_confirmed"]
    api_client.patch(f"{ACCOUNT}/email", {"email": NEW, "primary": True})
    assert get_new_events() == ["email_changed"]
    assert api_client.delete(f"{ACCOUNT}/email", {"email": EMAIL}).status_code == 200
    assert get_new_events() == ["email_deleted"]


def test_address_changes_on_the_page_are_logged_once(browser, get_new_events):
    for action, email, event in (
        ("add", NEW, "email_added"),
        ("primary", NEW, "email_changed"),
        ("remove", EMAIL, "email_deleted"),
    ):
        browser.post("/accounts/email/", {f"action_{action}": "", "email": email})
        assert get_new_events() == [event]


def test_refused_address_is_not_logged(browser, get_new_events):
    browser.post("/accounts/email/", {"action_add": "", "email": "no address"})
    browser.post("/accounts/email/", {"action_primary": "", "email": "other@school.example"})
    assert get_new_events() == []


def test_second_factor_changes_are_logged_once(api_client, get_new_events):
    factors = f"{ACCOUNT}/authenticators"
    secret = api_client.get(f"{factors}/totp").json()["meta"]["secret"]
    code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    assert api_client.post(f"{factors}/totp", {"code": code}).status_code == 200
    assert get_new_events() == ["totp_activated"]
    assert api_client.post(f"{factors}/recovery-codes").status_code == 200
    assert get_new_events() == ["recovery_codes_generated"]
    assert api_client.delete(f"{factors}/totp").status_code == 200
    assert get_new_events() == ["totp_deactivated"]


def test_sessions_ended_by_their_owner_are_logged_once(api_client, browser, get_new_events):
    assert browser.post("/accounts/sessions/").status_code == 302
    assert get_new_events() == ["sessions_ended"]


def test_wrong_current_password_is_logged(api_client, browser, get_new_events):
    new = "another-long-phrase-8"
    sent = {"oldpassword": "wrong", "password1": new, "password2": new}
    browser.post("/accounts/password/change/", sent)
    assert get_new_events() == ["password_change_failed"]
    sent = {"current_password": "wrong", "new_password": new}
    assert api_client.post(f"{ACCOUNT}/password/change", sent).status_code == 400
    assert get_new_events() == ["password_change_failed"]


@pytest.fixture
def get_staff_events(log_lines, client):
    staff = make_user("tutor", is_staff=True, is_superuser=True)
    client.force_login(staff, "allauth.account.auth_backends.AuthenticationBackend")

    def staff_events():
        lines = [line for line in log_lines() if "_by_staff" in line.get("event", "")]
        assert {(line["user_id"], line["address"]) for line in lines} <= {(staff.pk, "127.0.0.1")}
        return lines

    return staff_events


def test_groups_given_by_staff_are_logged(get_staff_events, client, tutor):
    group = Group.objects.create(name="Help desk")
    names = ("email", "first_name", "last_name", "role", "timezone", "locale")
    sent = {name: getattr(tutor, name) for name in names} | {"is_active": "on"}
    dates = {"date_joined_0": "2026-01-01", "date_joined_1": "10:00:00"}
    url = reverse("admin:accounts_user_change", args=[tutor.pk])
    assert client.post(url, {**sent, **dates, "groups": [group.pk]}).status_code == 302
    assert [(line["account"], line["changed"]) for line in get_staff_events()] == [
        (tutor.pk, ["groups"])
    ]


def test_groups_changed_by_staff_are_logged(get_staff_events, client):
    right = Permission.objects.first().pk
    add = reverse("admin:auth_group_add")
    assert client.post(add, {"name": "Help desk", "permissions": [right]}).status_code == 302
    group = Group.objects.get().pk
    change = reverse("admin:auth_group_change", args=[group])
    for _unchanged_the_second_time in range(2):
        shown = client.get(change).context["adminform"].form
        sent = {"name": "Front desk", "initial-name": shown.initial["name"]}
        client.post(change, {**sent, "permissions": [right], "initial-permissions": [right]})
    client.post(reverse("admin:auth_group_delete", args=[group]), {"post": "yes"})
    assert [(line["event"], line["group"], line.get("changed")) for line in get_staff_events()] == [
        ("group_changed_by_staff", group, ["name", "permissions"]),
        ("group_changed_by_staff", group, ["name"]),
        ("group_deleted_by_staff", group, None),
    ]
