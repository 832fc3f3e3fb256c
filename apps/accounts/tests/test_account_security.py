"""Sign-in only through allauth, redirects, refresh tokens and cookies."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory, override_settings
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.common.middleware import RequestLogMiddleware
from tests.builders import AUTH, PASSWORD, bearer

pytestmark = pytest.mark.django_db
EMAIL = "new@school.example"
NEW = "moved@school.example"
ROOT = Path(django_settings.BASE_DIR)
REFRESH = "/_allauth/app/v1/tokens/refresh"


# Sign-in only through allauth


def _called_names(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and "super()" not in ast.unparse(node.func):
            function = node.func
            yield getattr(function, "attr", None) or getattr(function, "id", None)


def test_only_allauth_authenticates_and_signs_in():
    forbidden = {"authenticate", "aauthenticate", "login", "alogin", "LoginView"}
    found = {
        (str(file), name)
        for folder in ("apps", "config")
        for file in (ROOT / folder).rglob("*.py")
        if "tests" not in file.parts
        for name in _called_names(ast.parse(file.read_text()))
        if name in forbidden
    }
    assert found == set()
    assert django_settings.AUTHENTICATION_BACKENDS == [
        "allauth.account.auth_backends.AuthenticationBackend"
    ]


@pytest.mark.parametrize("path", ["/admin/login/", "/admin/login", "/admin/"])
def test_admin_login_redirects_to_the_login_page_without_signing_in(person, path):
    User.objects.update(is_staff=True, is_superuser=True)
    client = Client()
    answer = client.post(path, {"username": EMAIL, "password": PASSWORD, "next": "/admin/"})
    assert answer.status_code == 302
    assert "_auth_user_id" not in client.session
    assert (
        client.get("/admin/login/?next=/admin/", follow=True)
        .redirect_chain[-1][0]
        .startswith("/accounts/login/?next=")
    )


def test_admin_login_form_is_refused_for_signed_in_staff(browser, person):
    """It would check passwords without rate limits and sign in without the second factor."""
    User.objects.update(is_staff=True)
    other = User.objects.create_superuser(NEW, PASSWORD, first_name="A", last_name="B")
    answer = browser.post("/admin/login/", {"username": other.email, "password": PASSWORD})
    assert answer.status_code == 405
    assert browser.session["_auth_user_id"] == str(person.pk)
    assert browser.get("/admin/login/")["Location"] == "/admin/"


def test_admin_password_change_redirects_to_the_account_page(browser):
    User.objects.update(is_staff=True)
    assert browser.get("/admin/password_change/")["Location"] == "/accounts/password/change/"


def test_non_staff_user_is_forbidden_at_the_admin_without_a_crash_log(browser, log_lines):
    assert browser.get("/admin/login/").status_code == 403
    assert "crash" not in [line["message"] for line in log_lines()]


def test_permission_denied_in_a_view_is_not_logged_as_a_crash(log_lines):
    log = RequestLogMiddleware(lambda request: None)
    request = RequestFactory().get("/")
    request.META["kreida.request_id"] = "x"
    log.process_exception(request, PermissionDenied())
    assert log_lines() == []
    log.process_exception(request, ValueError())
    assert [line["message"] for line in log_lines()] == ["crash"]


# next=


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/",
        "//evil.example/",
        "http://testserver.evil.example/",
        "http://testserver/calendar/",
        "http://localhost/",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:///evil.example",
        "https:evil.example",
        "\t//evil.example",
    ],
)
@override_settings(ALLOWED_HOSTS=["*"], PUBLIC_URL="https://kreida.example", HTTPS=True)
def test_next_to_another_host_is_ignored(person, url):
    sent = {"login": EMAIL, "password": PASSWORD, "next": url}
    answer = Client().post("/accounts/login/", sent, HTTP_HOST="evil.example")
    assert (answer.status_code, answer["Location"]) == (302, "/")
    answer = Client().post("/language/", {"language": "uk", "next": url}, HTTP_HOST="evil.example")
    assert answer["Location"] == "/"


@pytest.mark.parametrize("url", ["/calendar/?a=b", "https://kreida.example/calendar/"])
@override_settings(PUBLIC_URL="https://kreida.example", HTTPS=True)
def test_next_within_public_url_is_followed(person, url):
    sent = {"login": EMAIL, "password": PASSWORD, "next": url}
    assert Client().post("/accounts/login/", sent)["Location"] == url


# Tokens


def refresh(token):
    return APIClient().post(REFRESH, {"refresh_token": token})


def test_replayed_refresh_token_ends_its_session(meta, security_events):
    fresh = refresh(meta["refresh_token"]).json()["data"]
    assert bearer(fresh["access_token"]).get("/api/me/").status_code == 200
    assert refresh(meta["refresh_token"]).status_code == 400
    assert refresh(fresh["refresh_token"]).status_code == 400
    assert bearer(fresh["access_token"]).get("/api/me/").status_code == 401
    assert "refresh_token_replayed" in security_events()


def test_replay_leaves_other_sessions_alone(meta):
    other = APIClient().post(f"{AUTH}/login", {"email": EMAIL, "password": PASSWORD}).json()["meta"]
    refresh(meta["refresh_token"])
    refresh(meta["refresh_token"])
    assert refresh(other["refresh_token"]).status_code == 200


# Cookies

COOKIES = ["sessionid", "csrftoken", "device", "django_language", "theme"]


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("https://kreida.example", [f"__Host-{name}" for name in COOKIES]),
        ("http://127.0.0.1:8000", COOKIES),
    ],
)
def test_cookies_have_the_host_prefix_only_under_https(tmp_path, url, names):
    script = (
        "from config import settings as s;"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.DEVICE_COOKIE_NAME,"
        " s.LANGUAGE_COOKIE_NAME, s.THEME_COOKIE_NAME)"
    )
    env = {**os.environ, "PUBLIC_URL": url, "DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == names, done.stderr


def test_host_prefixed_cookies_have_the_required_attributes(person, settings):
    for kind in ("SESSION", "CSRF"):
        setattr(settings, f"{kind}_COOKIE_SECURE", True)
    client = Client()
    client.get("/accounts/login/", secure=True)
    client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD}, secure=True)
    for name in ("sessionid", "csrftoken", "device"):
        cookie = client.cookies[name]
        assert (cookie["path"], cookie["domain"], cookie["secure"]) == ("/", "", True), name
