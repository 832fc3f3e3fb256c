"""Properties of all pages."""

import gzip
import json
import re
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation

from apps.accounts.models import User

STATIC = Path("apps/web/static/web")


def test_theme_is_rendered_on_the_server(browser, db):
    client = browser()
    client.cookies["theme"] = "dark"
    assert 'data-theme="dark"' in client.get("/").content.decode()
    client.cookies["theme"] = 'x" onload="'
    assert "data-theme" not in client.get("/").content.decode().partition("<body")[0]


PAGES = [
    "/settings/",
    "/calendar/",
    "/students/",
    "/students/import/",
    "/classrooms/",
    "/lessons/new/",
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/logout/",
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/sessions/",
    "/nowhere/",
]
PUBLIC = ["/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/invite/"]


@pytest.mark.parametrize("path", PAGES + PUBLIC)
@pytest.mark.parametrize("locale", ["uk", "en"])
def test_pages_have_no_inline_script_and_no_other_host(path, locale, browser, tutor):
    client = browser(None if path in PUBLIC else tutor, locale)
    page = client.get(path, follow=True).content.decode()
    assert f'<html lang="{locale}"' in page
    assert page.count("<h1") == 1
    assert 'class="skip" href="#main"' in page
    for script in re.findall(r"<script([^>]*)>", page):
        assert "src=" in script or 'type="application/json"' in script
    assert not re.search(r"\son[a-z]+=", page)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_scripts_styles_and_fonts_are_small():
    chunks = json.loads((STATIC / "dist/manifest.json").read_text())
    entry = chunks["src/pages/main.ts"]
    files = [entry["file"], *(chunks[name]["file"] for name in entry.get("imports", []))]
    assert sum(len(gzip.compress((STATIC / "dist" / name).read_bytes())) for name in files) < 8_000
    styles = ("components.css", "dark.css", "site.css")
    assert sum(len(gzip.compress((STATIC / name).read_bytes())) for name in styles) < 20_000
    assert sum(font.stat().st_size for font in (STATIC / "fonts").glob("*.woff2")) < 75_000


def test_get_of_a_post_only_url_shows_a_page(browser, tutor, lesson):
    response = browser(tutor).get(f"/lessons/{lesson.pk}/invite/")
    assert response.status_code == 405
    assert "Nothing was sent" in response.content.decode()


def test_error_pages_are_in_both_languages(browser, db):
    for locale in ("uk", "en"):
        page = browser(locale=locale).get("/nowhere/").content.decode()
        assert f'<html lang="{locale}"' in page


def test_server_error_page_makes_no_query(django_assert_num_queries, db):
    from django.test import RequestFactory

    from apps.common.error_pages import server_error

    with django_assert_num_queries(0), translation.override("en"):
        response = server_error(RequestFactory().get("/calendar/"))
    assert response.status_code == 500
    assert "Something went wrong" in response.content.decode()


def test_csrf_failure_shows_a_page(db):
    response = Client(enforce_csrf_checks=True).post("/language/", {"language": "uk"})
    assert response.status_code == 403
    assert "Go back, reload the page" in response.content.decode()


def test_demo_school_is_created_once(db, capsys):
    from django.core.management import call_command

    call_command("make_demo_school")
    output = capsys.readouterr().out
    email, password = re.search(r"tutor\s+(\S+)\s+(\S+)", output).groups()
    assert User.objects.get(email=email).check_password(password)
    people = User.objects.count()
    call_command("make_demo_school")
    assert (User.objects.count(), capsys.readouterr().out) == (people, "")


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("method", "path", "body", "content_type"),
    [
        ("POST", "/accounts/login/", "a=b", f"{FORM}; charset=utf-7"),
        ("POST", "/accounts/signup/", "a=b", f"{FORM}; charset=koi8-u"),
        ("POST", "/accounts/login/", "a=b&" * 1001, FORM),
        ("POST", "/accounts/login/", "a=b", "multipart/form-data"),
        ("GET", "/students/?" + "a=1&" * 9000, "", FORM),
        ("GET", "/accounts/login/?" + "a=1&" * 1001, "", FORM),
    ],
    ids=["charset", "other charset", "many fields", "no boundary", "long URL", "many parameters"],
)
def test_unreadable_request_is_answered_by_the_page_of_400(
    method, path, body, content_type, browser, db
):
    """The page itself must not read the form or the query again."""
    client = browser()
    client.raise_request_exception = False
    response = client.generic(method, path, body, content_type=content_type)
    assert response.status_code == 400
    assert "<h1>" in response.content.decode()
