"""What holds on every page, and the account pages."""

import gzip
import json
import re
from pathlib import Path

import pytest
from django.test import Client, override_settings
from django.utils import translation

from apps.accounts.models import User

STATIC = Path("apps/web/static/web")
NEW = {
    "email": "new@school.example",
    "password1": "chalk and board 7",
    "first_name": "Леся",
    "last_name": "Українка",
    "role": "tutor",
    "timezone": "America/Toronto",
}


def test_sign_up_takes_role_names_and_zone(browser, db):
    answer = browser().post("/accounts/signup/", NEW)
    assert answer.url == "/"
    user = User.objects.get(email="new@school.example")
    assert (user.role, user.first_name, user.timezone) == ("tutor", "Леся", "America/Toronto")


def test_sign_up_keeps_what_was_typed(browser, db):
    page = browser().post("/accounts/signup/", {**NEW, "email": "no"}).content.decode()
    assert 'value="Леся"' in page
    assert '<option value="America/Toronto" selected>' in page


def test_an_unknown_zone_is_refused(browser, db):
    answer = browser().post("/accounts/signup/", {**NEW, "timezone": "Mars/Phobos"})
    assert "There is no such time zone." in answer.content.decode()


def test_settings_change_names_zone_and_language(browser, tutor):
    client = browser(tutor)
    client.post(
        "/settings/",
        {"first_name": "A", "last_name": "B", "timezone": "Asia/Tokyo", "locale": "uk"},
    )
    tutor.refresh_from_db()
    assert (tutor.get_full_name(), tutor.timezone, tutor.locale) == ("A B", "Asia/Tokyo", "uk")
    assert '<html lang="uk"' in client.get("/settings/").content.decode()


def test_settings_refuse_in_the_form(browser, tutor):
    answer = browser(tutor).post("/settings/", {"first_name": "", "last_name": "B"})
    assert answer.status_code == 400
    tutor.refresh_from_db()
    assert tutor.first_name == "Тарас"


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/accounts/signup/", "/nowhere/"])
def test_a_visitor_switches_the_language(path, browser, db):
    client = browser()
    client.post("/language/", {"language": "uk", "next": path})
    assert '<html lang="uk"' in client.get(path).content.decode()
    client.post("/language/", {"language": "en", "next": path})
    assert '<html lang="en"' in client.get(path).content.decode()


def test_the_switch_leads_to_no_other_site(browser, db):
    answer = browser().post("/language/", {"language": "uk", "next": "//evil.example/"})
    assert answer.url == "/"


def test_the_theme_is_in_the_first_byte_of_the_page(browser, db):
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
def test_no_page_has_inline_script_or_another_host(path, locale, browser, tutor):
    client = browser(None if path in PUBLIC else tutor, locale)
    page = client.get(path, follow=True).content.decode()
    assert f'<html lang="{locale}"' in page
    assert page.count("<h1") == 1
    assert 'class="skip" href="#main"' in page
    for script in re.findall(r"<script([^>]*)>", page):
        assert "src=" in script or 'type="application/json"' in script
    assert not re.search(r"\son[a-z]+=", page)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


def test_scripts_and_styles_are_small():
    chunks = json.loads((STATIC / "dist/manifest.json").read_text())
    entry = chunks["src/pages/main.ts"]
    files = [entry["file"], *(chunks[name]["file"] for name in entry.get("imports", []))]
    assert sum(len(gzip.compress((STATIC / "dist" / name).read_bytes())) for name in files) < 8_000
    assert len(gzip.compress((STATIC / "site.css").read_bytes())) < 20_000


def test_an_address_that_only_takes_a_form_says_so(browser, tutor, lesson):
    answer = browser(tutor).get(f"/lessons/{lesson.pk}/invite/")
    assert answer.status_code == 405
    assert "Nothing was sent" in answer.content.decode()


def test_error_pages_speak_both_languages(browser, db):
    for locale in ("uk", "en"):
        page = browser(locale=locale).get("/nowhere/").content.decode()
        assert f'<html lang="{locale}"' in page


def test_a_crash_is_a_page_that_asks_nothing_of_the_database(django_assert_num_queries, db):
    from django.test import RequestFactory

    from apps.common.error_pages import server_error

    with django_assert_num_queries(0), translation.override("en"):
        answer = server_error(RequestFactory().get("/calendar/"))
    assert answer.status_code == 500
    assert "Something broke" in answer.content.decode()


def test_a_form_from_a_stale_page_is_refused_in_words(db):
    answer = Client(enforce_csrf_checks=True).post("/language/", {"language": "uk"})
    assert answer.status_code == 403
    assert "go back, reload it" in answer.content.decode()


@override_settings(EMAIL_URL="smtp://localhost")
def test_a_reset_link_changes_the_password(browser, tutor, mailoutbox):
    client = browser()
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        client.post("/accounts/password/reset/", {"email": tutor.email})
    path = re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", mailoutbox[0].body)[1]
    form = client.get(path, follow=True)
    answer = client.post(
        form.request["PATH_INFO"], {"password1": "new chalk 12", "password2": "new chalk 12"}
    )
    assert answer.status_code == 302
    tutor.refresh_from_db()
    assert tutor.check_password("new chalk 12")


@pytest.mark.parametrize("sends_mail", ["", "smtp://localhost"])
@pytest.mark.parametrize("step", ["done", "key/done"])
def test_a_reset_leads_on_to_signing_in(step, sends_mail, browser, tutor):
    path = f"/accounts/password/reset/{step}/"
    with override_settings(EMAIL_URL=sends_mail):
        visitors = browser().get(path).content.decode().partition("<main")[2]
        signed_in = browser(tutor).get(path).content.decode().partition("<main")[2]
    assert 'href="/accounts/login/"' in visitors
    assert 'href="/settings/"' in signed_in


def test_sessions_are_listed(browser, tutor):
    tutor.set_password("chalk and board 7")
    tutor.save()
    client = browser()
    client.post("/accounts/login/", {"login": tutor.email, "password": "chalk and board 7"})
    client.post("/language/", {"language": "en"})
    page = client.get("/accounts/sessions/").content.decode()
    assert "this browser" in page


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/5 Chrome/150.0 Safari/5", "Chrome on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/150 Safari/5 Edg/150", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU OS 18 like Mac OS X) Version/18 Safari/6", "Safari on iOS"),
        ("curl/8", "an unknown browser"),
    ],
)
def test_browsers_are_named(agent, name):
    from apps.web.templatetags.kreida import browser_name

    with translation.override("en"):
        assert browser_name(agent) == name


def test_allauths_titles_are_said_as_ukrainian_writes_them(browser, tutor):
    page = browser(tutor, "uk").get("/accounts/2fa/").content.decode()
    assert "Коди для відновлення" in page
    assert "Коди Для Відновлення" not in page


@pytest.mark.parametrize(
    ("locale", "term", "others"),
    [("en", "Two-factor authentication", ["Two-step"]), ("uk", "Двоетапний вхід", ["двофакторн"])],
)
def test_the_second_factor_has_one_name(locale, term, others, browser, tutor):
    tutor.set_password("chalk and board 7")
    tutor.save()
    client = browser(tutor, locale)
    client.post("/accounts/reauthenticate/", {"password": "chalk and board 7"})
    for path in ("/accounts/2fa/", "/accounts/2fa/totp/activate/"):
        page = client.get(path).content.decode()
        assert term in page
        assert not any(other in page for other in others)


def test_the_demo_school_is_made_once(db, capsys):
    from django.core.management import call_command

    call_command("make_demo_school")
    said = capsys.readouterr().out
    email, password = re.search(r"tutor\s+(\S+)\s+(\S+)", said).groups()
    assert User.objects.get(email=email).check_password(password)
    people = User.objects.count()
    call_command("make_demo_school")
    assert (User.objects.count(), capsys.readouterr().out) == (people, "")
