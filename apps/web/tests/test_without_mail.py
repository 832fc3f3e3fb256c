"""A server without EMAIL_URL promises no mail, and says what to do instead."""

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.test import override_settings

SENDS_NONE = "This server sends no mail"
PROMISES = ("We have sent you an email", "send you an email", "Confirmation email sent", "Re-send")


@pytest.mark.parametrize("path", ["/accounts/password/reset/", "/accounts/password/reset/done/"])
def test_a_forgotten_password_is_for_whoever_runs_the_server(path, browser, db):
    page = browser().get(path).content.decode()
    assert SENDS_NONE in page
    assert not any(promise in page for promise in PROMISES)
    assert 'name="email"' not in page


@override_settings(EMAIL_URL="smtp://localhost")
def test_with_a_mail_server_the_pages_offer_it(browser, tutor):
    assert 'name="email"' in browser().get("/accounts/password/reset/").content.decode()
    assert "Re-send Verification" in browser(tutor).get("/accounts/email/").content.decode()


@pytest.mark.parametrize("vouched_for", [True, False])
def test_an_address_is_changed_without_any_mail(browser, tutor, vouched_for):
    """The operator vouches for the address of whom `createsuperuser` makes."""
    EmailAddress.objects.update(verified=vouched_for)
    client = browser(tutor)
    old = tutor.email
    asked = {"action_add": "", "email": "new@school.example"}
    page = client.post("/accounts/email/", asked, follow=True).content.decode()
    assert SENDS_NONE in page
    assert "new@school.example is added." in page
    assert not any(promise in page for promise in PROMISES)
    for action, email in (("action_primary", "new@school.example"), ("action_remove", old)):
        client.post("/accounts/email/", {action: "", "email": email})
    tutor.refresh_from_db()
    assert tutor.email == "new@school.example"
    [kept] = EmailAddress.objects.filter(user=tutor)
    assert (kept.email, kept.verified) == ("new@school.example", False)


def test_an_invitation_has_to_be_told(browser, tutor, classroom):
    for path in (f"/classrooms/{classroom.pk}/", "/students/import/"):
        assert SENDS_NONE in browser(tutor).get(path).content.decode()


def test_whoever_runs_the_server_gives_a_new_password(browser, tutor, monkeypatch):
    """As docs/deploy.md says: by e-mail, since there are no user names."""
    client = browser(tutor)
    monkeypatch.setattr("getpass.getpass", lambda prompt: "new chalk 12")
    call_command("changepassword", tutor.email)
    tutor.refresh_from_db()
    assert tutor.check_password("new chalk 12")
    assert client.get("/settings/").status_code == 302
