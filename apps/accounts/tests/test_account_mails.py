"""Mails about an account, their limits, and changes of its addresses in the security log."""

import json

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.test import Client, RequestFactory
from rest_framework.test import APIClient

from apps.accounts import primary_address
from apps.accounts.account_mails import DAILY_LIMITS, consume_account_mail
from apps.accounts.addresses import verified_emails
from apps.accounts.models import User
from tests.builders import AUTH, PASSWORD, make_user, sign_up

pytestmark = pytest.mark.django_db
EMAIL = "new@school.example"
NEW = "moved@school.example"


def reauthenticate(browser):
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})


def test_password_change_is_mailed_to_the_owner_and_logged(browser, security_events):
    mail.outbox.clear()
    phrase = "another-long-phrase-8"
    change = {"oldpassword": PASSWORD, "password1": phrase, "password2": phrase}
    assert browser.post("/accounts/password/change/", change).status_code == 302
    assert [message.to for message in mail.outbox] == [[EMAIL]]
    assert "password_changed" in security_events()


def test_address_change_is_mailed_to_both_addresses_and_logged(browser, person, security_events):
    EmailAddress.objects.create(user=person, email=NEW, verified=True)
    reauthenticate(browser)
    mail.outbox.clear()
    browser.post("/accounts/email/", {"action_primary": "", "email": NEW})
    person.refresh_from_db()
    assert person.email == NEW
    assert sorted(message.to[0] for message in mail.outbox) == sorted([EMAIL, NEW])
    assert "email_changed" in security_events()


@pytest.mark.parametrize("action", ["add", "primary", "remove"])
def test_address_changes_require_reauthentication(browser, person, action):
    EmailAddress.objects.create(user=person, email=NEW, verified=True)
    sent = {f"action_{action}": "", "email": "third@x.example" if action == "add" else NEW}
    answer = browser.post("/accounts/email/", sent)
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert list(EmailAddress.objects.order_by("pk").values_list("email", "primary")) == [
        (EMAIL, True),
        (NEW, False),
    ]


@pytest.mark.parametrize("method", ["post", "patch", "delete"])
def test_api_address_changes_require_reauthentication(meta, person, method):
    EmailAddress.objects.create(user=person, email=NEW, verified=True)
    client = APIClient(headers={"X-Session-Token": meta["session_token"]})
    sent = {"email": "third@x.example" if method == "post" else NEW, "primary": True}
    url = "/_allauth/app/v1/account/email"
    assert getattr(client, method)(url, sent).status_code == 401
    assert client.post(f"{AUTH}/reauthenticate", {"password": PASSWORD}).status_code == 200
    assert getattr(client, method)(url, sent).status_code == 200


def set_primary_address(meta, email):
    client = APIClient(headers={"X-Session-Token": meta["session_token"]})
    client.post(f"{AUTH}/reauthenticate", {"password": PASSWORD})
    sent = {"email": email, "primary": True}
    return client.patch("/_allauth/app/v1/account/email", sent)


def test_unconfirmed_address_can_become_primary_only_without_a_mail_server(meta, person, settings):
    EmailAddress.objects.update(verified=True)
    EmailAddress.objects.create(user=person, email=NEW, verified=False)
    settings.EMAIL_URL = "smtp://mail.example"
    assert set_primary_address(meta, NEW).status_code == 400
    settings.EMAIL_URL = ""
    assert set_primary_address(meta, NEW).status_code == 200
    person.refresh_from_db()
    assert person.email == NEW
    assert verified_emails(person) == [EMAIL]


@pytest.mark.parametrize("verified", [True, False])
def test_address_of_another_account_cannot_become_primary(meta, browser, person, verified):
    make_user("student", email=NEW).emailaddress_set.update(verified=False)
    EmailAddress.objects.filter(user=person).update(verified=False)
    EmailAddress.objects.create(user=person, email=NEW, verified=verified)
    reauthenticate(browser)
    browser.post("/accounts/email/", {"action_primary": "", "email": NEW})
    answer = set_primary_address(meta, NEW)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "email_taken")
    person.refresh_from_db()
    assert person.email == EMAIL


def test_address_of_another_account_cannot_be_added_without_a_mail_server(meta, browser, person):
    other = make_user("student", email=NEW)
    other.emailaddress_set.update(verified=False)
    reauthenticate(browser)
    page = browser.post("/accounts/email/", {"action_add": "", "email": NEW.upper()})
    client = APIClient(headers={"X-Session-Token": meta["session_token"]})
    client.post(f"{AUTH}/reauthenticate", {"password": PASSWORD})
    answer = client.post("/_allauth/app/v1/account/email", {"email": NEW})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "email_taken")
    assert answer.json()["errors"][0]["message"] in page.content.decode()
    assert not EmailAddress.objects.filter(user=person, email=NEW).exists()


def test_sign_in_and_sign_out_are_logged_with_user_and_ip_address(person, log_lines):
    client = Client(REMOTE_ADDR="192.0.2.7")
    client.post("/accounts/login/", {"login": EMAIL, "password": "wrong"})
    client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
    client.post("/accounts/logout/")
    lines = [line for line in log_lines() if line["logger"] == "kreida.security"]
    assert [line["event"] for line in lines] == ["sign_in_failed", "sign_in", "sign_out"]
    assert {(line["user_id"], line["address"]) for line in lines} == {(person.pk, "192.0.2.7")}
    assert PASSWORD not in json.dumps(lines)


@pytest.mark.parametrize("post", [Client().post, APIClient().post])
def test_mailed_links_point_to_public_url_whatever_the_host_header(person, settings, post):
    settings.ALLOWED_HOSTS = ["*"]
    settings.PUBLIC_URL = "https://kreida.example"
    mail.outbox.clear()
    is_page = isinstance(post.__self__, APIClient) is False
    url = "/accounts/password/reset/" if is_page else f"{AUTH}/password/request"
    for email in (EMAIL, "no@body.example"):
        post(url, {"email": email}, HTTP_HOST="evil.example")
    assert len(mail.outbox) == 2
    for message in mail.outbox:
        assert "evil" not in message.subject + message.body
        assert "https://kreida.example/accounts/" in message.body


def test_address_registered_meanwhile_cannot_become_primary(meta, browser, person, monkeypatch):
    EmailAddress.objects.create(user=person, email=NEW, verified=False)
    reauthenticate(browser)
    check = primary_address.check_primary_address

    def check_just_before_the_registration(address):
        User.objects.filter(email=NEW).delete()
        check(address)
        make_user("student", email=NEW)

    monkeypatch.setattr(
        primary_address, "check_primary_address", check_just_before_the_registration
    )
    answer = set_primary_address(meta, NEW)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "email_taken")
    page = browser.post("/accounts/email/", {"action_primary": "", "email": NEW}, follow=True)
    assert answer.json()["errors"][0]["message"] in page.content.decode()
    person.refresh_from_db()
    assert person.email == EMAIL
    assert EmailAddress.objects.get_primary(person).email == EMAIL


def test_address_without_an_account_gets_at_most_three_mails_a_day(person):
    mail.outbox.clear()
    for tag in range(4):
        answer = APIClient().post(f"{AUTH}/password/request", {"email": f"no+{tag}@body.example"})
        assert answer.status_code == 200
    assert len(mail.outbox) == 3


def request_resets(times, client=None, address="192.0.2.7"):
    """Request that many resets, clearing the limit per minute; return the number of mails."""
    before = len(mail.outbox)
    client = client or Client()
    for _ in range(times):
        cache.clear()
        asked = client.post("/accounts/password/reset/", {"email": EMAIL}, REMOTE_ADDR=address)
        assert asked.status_code == 302
    return len(mail.outbox) - before


def test_mailbox_gets_a_limited_number_of_confirmations_a_day(person):
    mail.outbox.clear()
    for kind in ("email_confirmation", "email_confirmation_signup"):
        for tag in range(DAILY_LIMITS[kind] + 2):
            prefix, email = f"account/email/{kind}", f"olena+{tag}@school.example"
            consumed = consume_account_mail(prefix, email, RequestFactory().get("/"), None)
            assert consumed is (tag < DAILY_LIMITS[kind])


def test_confirmation_mails_of_sign_ups_are_limited_per_mailbox(settings):
    settings.EMAIL_URL, settings.ACCOUNT_EMAIL_VERIFICATION = "smtp://mail.example", "mandatory"
    mail.outbox.clear()
    for tag in range(DAILY_LIMITS["email_confirmation_signup"] + 2):
        assert sign_up(email=f"olena+{tag}@school.example").status_code == 401
    assert len(mail.outbox) == DAILY_LIMITS["email_confirmation_signup"]


def test_resets_from_one_network_do_not_use_up_those_of_another(person):
    assert request_resets(12) == 10
    assert request_resets(1, address="198.51.100.7") == 1


def test_resets_requested_within_a_minute_do_not_block_another_address(person):
    for _ in range(6):
        Client().post("/accounts/password/reset/", {"email": EMAIL}, REMOTE_ADDR="192.0.2.7")
    asked = Client().post("/accounts/password/reset/", {"email": EMAIL}, REMOTE_ADDR="198.51.100.7")
    assert asked.status_code == 302


def test_resets_from_many_networks_do_not_use_up_those_of_known_devices(person, browser):
    browser.post("/accounts/logout/")
    networks = [f"192.0.2.{n}" for n in range(5)]
    assert sum(request_resets(9, address=address) for address in networks) == 30
    assert request_resets(1, address="198.51.100.7") == 0
    assert request_resets(12, browser) == 10


def test_confirmation_mail_contains_no_text_from_the_sign_up_form(db):
    mail.outbox.clear()
    sign_up(first_name="BUY NOW http://evil.example/", last_name="x" * 90)
    [message] = mail.outbox
    assert "evil" not in message.subject + message.body
    assert "xxx" not in message.body
    assert "/accounts/confirm-email/" in message.body
