"""Pages of a server without EMAIL_URL."""

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.test import override_settings

SENDS_NONE = "This server sends no e-mail"
PROMISES = ("We have sent you an email", "send you an email", "Confirmation email sent", "Re-send")


@pytest.mark.parametrize("path", ["/accounts/password/reset/", "/accounts/password/reset/done/"])
def test_forgotten_password_page_refers_to_the_administrator(path, browser, db):
    page = browser().get(path).content.decode()
    assert SENDS_NONE in page
    assert not any(promise in page for promise in PROMISES)
    assert 'name="email"' not in page


@override_settings(EMAIL_URL="smtp://localhost")
def test_password_reset_is_offered_with_a_mail_server(browser, tutor):
    assert 'name="email"' in browser().get("/accounts/password/reset/").content.decode()
    assert "Send the confirmation again" in browser(tutor).get("/accounts/email/").content.decode()


@pytest.mark.parametrize("verified", [True, False])
def test_email_is_changed_without_mail(browser, tutor, verified):
    """`createsuperuser` creates users with a verified address."""
    EmailAddress.objects.update(verified=verified)
    client = browser(tutor)
    old = tutor.email
    sent = {"action_add": "", "email": "new@school.example"}
    page = client.post("/accounts/email/", sent, follow=True).content.decode()
    assert SENDS_NONE in page
    assert "new@school.example is added." in page
    assert not any(promise in page for promise in PROMISES)
    for action, email in (("action_primary", "new@school.example"), ("action_remove", old)):
        client.post("/accounts/email/", {action: "", "email": email})
    tutor.refresh_from_db()
    assert tutor.email == "new@school.example"
    [kept] = EmailAddress.objects.filter(user=tutor)
    assert (kept.email, kept.verified) == ("new@school.example", False)


def test_invitation_link_is_shown_to_the_tutor(browser, tutor, classroom):
    for path in (f"/classrooms/{classroom.pk}/", "/students/import/"):
        assert SENDS_NONE in browser(tutor).get(path).content.decode()


def test_administrator_sets_a_new_password(browser, tutor, monkeypatch):
    """As docs/deploy.md describes; users are named by their e-mail."""
    client = browser(tutor)
    monkeypatch.setattr("getpass.getpass", lambda prompt: "new chalk 12")
    call_command("changepassword", tutor.email)
    tutor.refresh_from_db()
    assert tutor.check_password("new chalk 12")
    assert client.get("/settings/").status_code == 302
