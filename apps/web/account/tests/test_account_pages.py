"""Sign-up, settings and the other pages of one's own account."""

import re

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.test import override_settings
from django.utils import translation

from apps.accounts.models import User

SIGN_UP_DATA = {
    "email": "new@school.example",
    "password1": "chalk and board 7",
    "first_name": "Леся",
    "last_name": "Українка",
    "role": "tutor",
    "timezone": "America/Toronto",
}


def test_sign_up_saves_role_names_and_zone(browser, db):
    response = browser().post("/accounts/signup/", SIGN_UP_DATA)
    assert response.url == "/"
    user = User.objects.get(email="new@school.example")
    assert (user.role, user.first_name, user.timezone) == ("tutor", "Леся", "America/Toronto")


def test_refused_sign_up_keeps_the_entered_values(browser, db):
    page = browser().post("/accounts/signup/", {**SIGN_UP_DATA, "email": "no"}).content.decode()
    assert 'value="Леся"' in page
    assert '<option value="America/Toronto" selected>' in page


def test_unknown_time_zone_is_refused(browser, db):
    response = browser().post("/accounts/signup/", {**SIGN_UP_DATA, "timezone": "Mars/Phobos"})
    assert "Unknown time zone." in response.content.decode()


def test_settings_change_names_zone_and_language(browser, tutor):
    client = browser(tutor)
    client.post(
        "/settings/",
        {"first_name": "A", "last_name": "B", "timezone": "Asia/Tokyo", "locale": "uk"},
    )
    tutor.refresh_from_db()
    assert (tutor.get_full_name(), tutor.timezone, tutor.locale) == ("A B", "Asia/Tokyo", "uk")
    assert '<html lang="uk"' in client.get("/settings/").content.decode()


def test_invalid_settings_are_errors_in_the_form(browser, tutor):
    response = browser(tutor).post("/settings/", {"first_name": "", "last_name": "B"})
    assert response.status_code == 400
    tutor.refresh_from_db()
    assert tutor.first_name == "Тарас"


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/accounts/signup/", "/nowhere/"])
def test_visitor_switches_the_language(path, browser, db):
    client = browser()
    client.post("/language/", {"language": "uk", "next": path})
    assert '<html lang="uk"' in client.get(path).content.decode()
    client.post("/language/", {"language": "en", "next": path})
    assert '<html lang="en"' in client.get(path).content.decode()


def test_language_switch_does_not_redirect_to_another_site(browser, db):
    response = browser().post("/language/", {"language": "uk", "next": "//evil.example/"})
    assert response.url == "/"


@override_settings(EMAIL_URL="smtp://localhost")
def test_reset_link_changes_the_password(browser, tutor, mailoutbox):
    client = browser()
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        client.post("/accounts/password/reset/", {"email": tutor.email})
    path = re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", mailoutbox[0].body)[1]
    form = client.get(path, follow=True)
    response = client.post(
        form.request["PATH_INFO"], {"password1": "new chalk 12", "password2": "new chalk 12"}
    )
    assert response.status_code == 302
    tutor.refresh_from_db()
    assert tutor.check_password("new chalk 12")


@pytest.mark.parametrize("sends_mail", ["", "smtp://localhost"])
@pytest.mark.parametrize("step", ["done", "key/done"])
def test_reset_redirects_to_sign_in(step, sends_mail, browser, tutor):
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


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/accounts/confirm-email/no/", "недійсне або вже не діє"),
        ("/accounts/password/reset/key/1-no/", "ним уже скористалися"),
        ("/accounts/inactive/", "Зверніться до адміністратора"),
    ],
)
def test_dead_ends_of_allauth_say_in_ukrainian_what_to_do(path, words, browser):
    page = browser().get(path, headers={"accept-language": "uk"}).content.decode()
    assert words in page
    assert "Будь ласка" not in page


def test_ukrainian_titles_of_allauth_are_not_capitalised(browser, tutor):
    page = browser(tutor, "uk").get("/accounts/2fa/").content.decode()
    assert "Коди для відновлення" in page
    assert "Коди Для Відновлення" not in page


@pytest.mark.parametrize(
    "path",
    [
        *("/accounts/email/", "/accounts/password/change/"),
        *("/accounts/2fa/", "/accounts/2fa/totp/activate/", "/accounts/logout/"),
    ],
)
def test_english_titles_of_allauth_are_in_sentence_case(path, browser, tutor):
    html = browser(tutor).get(path, follow=True).content.decode()
    page = html.partition("<main")[2].partition("</main>")[0]
    titles = re.findall(r"<(?:h[1-3]|label|button)\b[^>]*>\s*([^<]*[^<\s])", page)
    later_words = [word for title in titles for word in title.split()[1:]]
    assert later_words
    assert [word for word in later_words if word[0].isupper()] == []
    assert "Email" not in page


@pytest.mark.parametrize(
    ("locale", "term", "others"),
    [("en", "Two-factor authentication", ["Two-step"]), ("uk", "Двоетапний вхід", ["двофакторн"])],
)
def test_second_factor_has_one_name(locale, term, others, browser, tutor):
    tutor.set_password("chalk and board 7")
    tutor.save()
    client = browser(tutor, locale)
    client.post("/accounts/reauthenticate/", {"password": "chalk and board 7"})
    for path in ("/accounts/2fa/", "/accounts/2fa/totp/activate/"):
        page = client.get(path).content.decode()
        assert term in page
        assert not any(other in page for other in others)


def test_second_click_on_deactivating_the_second_factor_is_not_an_error(browser, tutor):
    tutor.set_password("chalk and board 7")
    tutor.save()
    TOTP.activate(tutor, "JBSWY3DPEHPK3PXP")
    client = browser(tutor)
    client.post("/accounts/reauthenticate/", {"password": "chalk and board 7"})
    for _click in range(2):
        assert client.post("/accounts/2fa/totp/deactivate/").url == "/accounts/2fa/"
    assert not tutor.authenticator_set.exists()
