"""Tests of the settings SIGN_UP, SCHOOL_NAME and PRIVACY_FILE."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.placeholders import make_student_link
from apps.classrooms.invitations import make_invitation_link
from apps.classrooms.services import invite_to_classroom
from tests.builders import PASSWORD, make_placeholder, sign_up

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
    assert "Tutors sign up by invitation" in page
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


@pytest.fixture
def closed(settings):
    settings.SIGN_UP = "closed"


def link_path(settings, link):
    return link.url.removeprefix(settings.PUBLIC_URL)


def test_invited_student_signs_up_as_that_student_where_sign_up_is_closed(
    browser, closed, settings, classroom
):
    made = make_placeholder(classroom, "Бондар")
    client = browser()
    client.get(link_path(settings, make_student_link(made, timezone.now())))
    for path in ("/students/invitation/", "/accounts/login/"):
        assert "/accounts/signup/" in client.get(path).content.decode()
    page = client.get("/accounts/signup/").content.decode()
    assert 'value="Бондар"' in page
    client.post("/accounts/signup/", form("tutor"))
    assert not User.objects.filter(email="new@school.example").exists()
    client.post("/accounts/signup/", form("student"))
    made.refresh_from_db()
    assert (made.email, made.is_placeholder) == ("new@school.example", False)
    assert "Sign-up is closed" in browser().get("/accounts/signup/").content.decode()


def test_used_link_opens_closed_sign_up_to_nobody_else(browser, closed, settings, classroom):
    made = make_placeholder(classroom)
    path = link_path(settings, make_student_link(made, timezone.now()))
    first, second = browser(), browser()
    for client in (first, second):
        client.get(path)
    first.post("/accounts/signup/", form("student"))
    second.post("/accounts/signup/", form("student", "second@school.example"))
    assert not User.objects.filter(email="second@school.example").exists()


def test_another_link_in_the_form_makes_no_account_of_its_own_where_sign_up_is_closed(
    browser, closed, settings, classroom
):
    made = make_placeholder(classroom)
    client = browser()
    client.get(link_path(settings, make_student_link(made, timezone.now())))
    client.post("/accounts/signup/", {**form("student"), "invitation": "x"})
    assert not User.objects.filter(email="new@school.example").exists()
    client.post("/accounts/signup/", form("student"))
    made.refresh_from_db()
    assert made.email == "new@school.example"


def test_app_signs_up_by_an_invitation_where_sign_up_is_closed(closed, classroom):
    made = make_placeholder(classroom)
    link = make_student_link(made, timezone.now())
    token = link.url.rstrip("/").rpartition("/")[2]
    assert sign_up(role="student", invitation=token[:-2]).status_code == 403
    assert sign_up(role="student", invitation=["x"]).status_code == 403
    assert sign_up(role="student", invitation=token).status_code == 200
    made.refresh_from_db()
    assert made.email == "new@school.example"
    assert sign_up(role="student", invitation=token, email="b@school.example").status_code == 403


def test_classrooms_invitation_opens_closed_sign_up_until_it_is_withdrawn(
    browser, closed, settings, classroom
):
    membership = invite_to_classroom(classroom=classroom, email="new@school.example")
    clients = browser(), browser()
    for client in clients:
        client.get(link_path(settings, make_invitation_link(membership, timezone.now())))
    clients[0].post("/accounts/signup/", form("student"))
    assert User.objects.filter(email="new@school.example").exists()
    membership.status = "removed"
    membership.save()
    clients[1].post("/accounts/signup/", form("student", "second@school.example"))
    assert not User.objects.filter(email="second@school.example").exists()


def test_join_code_does_not_open_closed_sign_up(browser, closed, classroom):
    client = browser()
    client.get(f"/join/{classroom.join_code}/")
    client.post("/accounts/signup/", form("student"))
    assert not User.objects.filter(email="new@school.example").exists()


def test_address_without_a_dot_in_its_domain_is_refused(browser):
    page = browser().post("/accounts/signup/", form("student", "a@localhost"))
    assert "Enter a valid email address." in page.content.decode()
    assert sign_up(email="a@localhost").status_code == 400
    assert not User.objects.exists()
