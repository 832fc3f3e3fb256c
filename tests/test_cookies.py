"""Behind an https PUBLIC_URL every cookie is `__Host-`: only this host can set it, over https."""

import http.cookies
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.server import Kreida, start_kreida, stop_kreida

pytestmark = [pytest.mark.any_database]

SOURCES = Path(__file__).resolve().parent.parent / "frontend" / "src"
EXPECTED = {f"__Host-{name}" for name in ("sessionid", "csrftoken", "device", "django_language")}
PAGES = (
    *("/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/calendar/"),
    *("/settings/", "/students/", "/classrooms/", "/join/", "/accounts/email/", "/accounts/2fa/"),
    *("/accounts/sessions/", "/accounts/password/change/", "/invite/x/", "/admin/", "/nowhere/"),
    *("/api/me/", "/api/schema/", "/_allauth/app/v1/auth/session", "/readyz"),
)


@pytest.fixture(scope="module")
def secure(tmp_path_factory, kreida_seed) -> Iterator[Kreida]:
    server = start_kreida(
        tmp_path_factory.mktemp("secure"), kreida_seed, PUBLIC_URL="https://kreida.example"
    )
    yield server
    stop_kreida(server)


class Browser:
    """Sends all cookies, as httpx would only do over https, and keeps the headers that set them."""

    def __init__(self, server: Kreida) -> None:
        headers = {"Host": "kreida.example", "X-Forwarded-Proto": "https"}
        headers |= {"Referer": "https://kreida.example/"}
        self.client = httpx.Client(base_url=server.url, headers=headers, timeout=60)
        self.cookies: dict[str, str] = {}
        self.set_cookies: list[http.cookies.Morsel[str]] = []

    def send(self, method: str, path: str, **data: str) -> httpx.Response:
        if "__Host-csrftoken" in self.cookies:
            data["csrfmiddlewaretoken"] = self.cookies["__Host-csrftoken"]
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"data": data} if method == "POST" else {}
        response = self.client.request(method, path, headers={"Cookie": cookie}, **sent)
        self.client.cookies.clear()
        for header in response.headers.get_list("set-cookie"):
            for name, morsel in http.cookies.SimpleCookie(header).items():
                self.cookies[name] = morsel.value
                self.set_cookies.append(morsel)
        return response


def test_every_cookie_of_a_visit_has_the_host_prefix_and_its_attributes(secure):
    browser = Browser(secure)
    account = {"email": "tutor@school.example", "password": "chalk-and-sponge", "role": "tutor"}
    signed_up = browser.client.post(
        "/_allauth/app/v1/auth/signup", json={**account, "first_name": "T", "last_name": "V"}
    )
    assert signed_up.is_success
    for path in PAGES:
        browser.send("GET", path)
    browser.send("POST", "/language/", language="uk")
    signed_in = browser.send(
        "POST", "/accounts/login/", login=account["email"], password=account["password"]
    )
    assert signed_in.status_code == 302
    for path in PAGES:
        browser.send("GET", path)
    saved = browser.send("POST", "/classrooms/", name="Algebra")
    assert saved.status_code == 302  # with a message
    assert "flash" in browser.send("GET", saved.headers["location"]).text
    browser.send("POST", "/accounts/logout/")
    assert {morsel.key for morsel in browser.set_cookies} == EXPECTED
    for morsel in browser.set_cookies:
        assert morsel["secure"], morsel
        assert (morsel["path"], morsel["domain"], morsel["samesite"]) == ("/", "", "Lax")
        is_deleted = not morsel.value
        assert morsel["httponly"] or is_deleted or morsel.key == "__Host-csrftoken", morsel


def test_page_names_the_theme_cookie_and_reads_it(secure):
    browser = Browser(secure)
    browser.cookies["theme"] = "dark"  # a sibling host could have set it
    page = browser.send("GET", "/").text
    assert 'data-theme-cookie="__Host-theme"' in page
    assert 'data-theme="dark"' not in page
    browser.cookies["__Host-theme"] = "dark"
    assert 'data-theme="dark"' in browser.send("GET", "/").text


def test_scripts_set_no_cookie_but_the_theme():
    """apps/web names that one; theme.test.ts checks its attributes."""
    setters = [
        path.relative_to(SOURCES).as_posix()
        for path in SOURCES.rglob("*.ts*")
        if re.search(r"document\.cookie\s*=(?!=)|cookieStore\.set", path.read_text())
    ]
    assert setters == ["pages/theme.ts"]
