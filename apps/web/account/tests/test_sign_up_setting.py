"""Tests of the settings SIGN_UP, SCHOOL_NAME and PRIVACY_FILE."""

from io import StringIO

import pytest
from django.core.management import call_command

from apps.accounts.models import User
from tests.builders import PASSWORD, sign_up

pytestmark = pytest.mark.django_db


def form(role, email="new@school.example"):
    names = {"first_name": "Нова", "last_name": "Людина", "timezone": "Europe/Kyiv"}
    return {"email": email, "password1": PASSWORD, "role": role, **names}


def test_closed_sign_up_is_refused_and_not_offered(browser, settings):
    settings.SIGN_UP = "closed"
    page = browser().post("/accounts/signup/", form("student")).content.decode()
    assert "Sign-up is closed" in page
    assert sign_up().status_code == 403
    assert not User.objects.exists()
    for path in ("/", "/accounts/login/"):
        assert "/accounts/signup/" not in browser().get(path).content.decode()


def test_tutor_needs_an_invitation_on_pages_and_api(browser, settings):
    settings.SIGN_UP = "invited-tutors"
    landing = browser().get("/").content.decode()
    assert "Start teaching" not in landing
    assert "I am a student" in landing
    page = browser().post("/accounts/signup/", form("tutor")).content.decode()
    assert "Tutors are invited here" in page
    assert sign_up(role="tutor").status_code == 400
    assert not User.objects.exists()
    browser().post("/accounts/signup/", form("student"))
    assert User.objects.get().is_student


def test_invited_tutor_signs_up_with_the_invited_address_only(browser, settings):
    settings.SIGN_UP = "invited-tutors"
    out = StringIO()
    call_command("invite_tutor", "Anna@School.example", stdout=out)
    client = browser()
    path = out.getvalue().strip().removeprefix(settings.PUBLIC_URL)
    page = client.get(f"{path}/", follow=True).content.decode()
    assert 'value="anna@school.example"' in page
    client.post("/accounts/signup/", form("tutor", "other@school.example"))
    assert not User.objects.exists()
    client.post("/accounts/signup/", form("tutor", "anna@school.example"))
    assert User.objects.get(email="anna@school.example").is_tutor


def test_installation_has_a_name_and_a_privacy_page(browser, settings):
    settings.SCHOOL_NAME, settings.PRIVACY_TEXT = "Школа <Крейда>", "We keep <nothing>."
    page = browser().get("/").content.decode()
    assert "Школа &lt;Крейда&gt;</a>" in page
    assert "· Школа &lt;Крейда&gt;</title>" in page
    assert 'href="/privacy/"' in page
    assert "We keep &lt;nothing&gt;." in browser().get("/privacy/").content.decode()
