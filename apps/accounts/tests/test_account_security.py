"""Sessions, tokens, redirects, mails and log lines of an account."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.conf import settings as django_settings
from django.contrib.auth.hashers import check_password, make_password
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory, override_settings
from rest_framework.test import APIClient

from apps.accounts import hashers, primary_address
from apps.accounts.account_mails import DAILY_LIMITS, consume_account_mail
from apps.accounts.addresses import verified_emails
from apps.accounts.models import User
from apps.common import threads
from apps.common.middleware import RequestLogMiddleware
from tests.builders import AUTH, PASSWORD, bearer, make_user, sign_up

pytestmark = pytest.mark.django_db
EMAIL = "new@school.example"
NEW = "moved@school.example"
ROOT = Path(django_settings.BASE_DIR)
REFRESH = "/_allauth/app/v1/tokens/refresh"
HASHER = "apps.accounts.hashers.BoundedPBKDF2PasswordHasher"


@pytest.fixture
def browser(person):
    """A client of the pages, signed in as `person`."""
    client = Client()
    client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
    return client


@pytest.fixture
def meta(person):
    answer = APIClient().post(f"{AUTH}/login", {"email": EMAIL, "password": PASSWORD})
    return answer.json()["meta"]


def events(lines):
    return [line["event"] for line in lines() if line.get("logger") == "kreida.security"]


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


def test_replayed_refresh_token_ends_its_session(meta, log_lines):
    fresh = refresh(meta["refresh_token"]).json()["data"]
    assert bearer(fresh["access_token"]).get("/api/me/").status_code == 200
    assert refresh(meta["refresh_token"]).status_code == 400
    assert refresh(fresh["refresh_token"]).status_code == 400
    assert bearer(fresh["access_token"]).get("/api/me/").status_code == 401
    assert "refresh_token_replayed" in events(log_lines)


def test_replay_leaves_other_sessions_alone(meta):
    other = APIClient().post(f"{AUTH}/login", {"email": EMAIL, "password": PASSWORD}).json()["meta"]
    refresh(meta["refresh_token"])
    refresh(meta["refresh_token"])
    assert refresh(other["refresh_token"]).status_code == 200


# Hashing


def acquire_all_slots():
    for _ in range(hashers.MAX_CONCURRENT_HASHES):
        assert hashers._slots.acquire(timeout=1)


def release_all_slots():
    for _ in range(hashers.MAX_CONCURRENT_HASHES):
        hashers._slots.release()


@pytest.fixture
def no_free_slot(monkeypatch, person):
    with override_settings(PASSWORD_HASHERS=[HASHER]):
        person.set_password(PASSWORD)
        person.save()
        monkeypatch.setattr(hashers, "MAX_WAIT", 0.01)
        acquire_all_slots()
        yield
        release_all_slots()


SIGN_UP = {"password": PASSWORD, "first_name": "A", "last_name": "B", "role": "tutor"}


@pytest.mark.parametrize("client", ["app", "browser"])
@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("login", {"email": EMAIL, "password": PASSWORD}),
        ("login", {"email": "no@body.example", "password": PASSWORD}),
        ("signup", SIGN_UP | {"email": "second@school.example"}),
    ],
)
def test_api_answers_429_when_no_hashing_slot_is_free(no_free_slot, client, path, sent):
    answer = APIClient().post(f"/_allauth/{client}/v1/auth/{path}", sent)
    assert (answer.status_code, answer["Retry-After"]) == (429, "2")
    assert answer.json()["status"] == 429
    assert answer.json()["errors"][0]["code"] == "throttled"


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("login", {"login": EMAIL, "password": PASSWORD}),
        ("signup", SIGN_UP | {"email": "second@school.example", "password1": PASSWORD}),
    ],
)
def test_pages_answer_429_when_no_hashing_slot_is_free(no_free_slot, path, sent):
    answer = Client().post(f"/accounts/{path}/", sent, HTTP_ACCEPT_LANGUAGE="en")
    assert (answer.status_code, answer["Retry-After"]) == (429, "2")
    assert "Many people are signing in right now" in answer.content.decode()


def test_password_change_and_reauthentication_answer_429_when_no_slot_is_free(monkeypatch, person):
    with override_settings(PASSWORD_HASHERS=[HASHER]):
        person.set_password(PASSWORD)
        person.save()
        client = Client()
        client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
        monkeypatch.setattr(hashers, "MAX_WAIT", 0.01)
        acquire_all_slots()
        change = {"oldpassword": PASSWORD, "password1": "n3w-phrase-x", "password2": "n3w-phrase-x"}
        answer = client.post("/accounts/password/change/", change)
        reauthentication = client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        release_all_slots()
    assert (answer.status_code, reauthentication.status_code) == (429, 429)


def test_bounded_hasher_uses_djangos_iterations_and_accepts_its_hashes():
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.PBKDF2PasswordHasher"]):
        old = make_password(PASSWORD)
    with override_settings(PASSWORD_HASHERS=[HASHER]):
        new = make_password(PASSWORD)
        assert check_password(PASSWORD, old)
        assert new.split("$")[:2] == old.split("$")[:2]


def test_request_is_refused_with_429_when_the_hashing_queue_is_full(person):
    extra = {threads.HASHING_QUEUE_FULL: True}
    sent = {"email": EMAIL, "password": PASSWORD}
    api = APIClient().post(f"{AUTH}/login", sent, **extra)
    form = Client().post("/accounts/login/", {"login": EMAIL, "password": PASSWORD}, **extra)
    assert (api.status_code, form.status_code) == (429, 429)
    assert api.json()["status"] == 429
    assert form["Content-Type"].startswith("text/html")


# Mail to the owner, and the security log


def reauthenticate(browser):
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})


def test_password_change_is_mailed_to_the_owner_and_logged(browser, log_lines):
    mail.outbox.clear()
    phrase = "another-long-phrase-8"
    change = {"oldpassword": PASSWORD, "password1": phrase, "password2": phrase}
    assert browser.post("/accounts/password/change/", change).status_code == 302
    assert [message.to for message in mail.outbox] == [[EMAIL]]
    assert "password_changed" in events(log_lines)


def test_address_change_is_mailed_to_both_addresses_and_logged(browser, person, log_lines):
    EmailAddress.objects.create(user=person, email=NEW, verified=True)
    reauthenticate(browser)
    mail.outbox.clear()
    browser.post("/accounts/email/", {"action_primary": "", "email": NEW})
    person.refresh_from_db()
    assert person.email == NEW
    assert sorted(message.to[0] for message in mail.outbox) == sorted([EMAIL, NEW])
    assert "email_changed" in events(log_lines)


@pytest.mark.parametrize("action", ["add", "primary", "remove"])
def test_address_changes_require_reauthentication(browser, person, action):
    EmailAddress.objects.create(user=person, email=NEW, verified=True)
    sent = {f"action_{action}": "", "email": "third@x.example" if action == "add" else NEW}
    answer = browser.post("/accounts/email/", sent)
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert list(EmailAddress.objects.values_list("email", "primary")) == [
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


# Sign-up does not reveal which addresses have accounts


@pytest.fixture
def mail_configured(settings):
    settings.EMAIL_URL = "smtp://mail.example"
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"


def page_sign_up(email, **changes):
    sent = SIGN_UP | {"email": email, "password1": PASSWORD, **changes}
    return Client().post("/accounts/signup/", sent)


def app_sign_up(email, **changes):
    return APIClient().post(f"{AUTH}/signup", SIGN_UP | {"email": email, **changes})


@pytest.mark.parametrize("sign_up_by", [page_sign_up, app_sign_up])
@pytest.mark.parametrize("weak", [{}, {"password1": "12345678", "password": "12345678"}])
def test_sign_up_answers_alike_for_known_and_new_addresses(
    person, mail_configured, monkeypatch, sign_up_by, weak
):
    hashed = []
    encode = "django.contrib.auth.hashers.MD5PasswordHasher.encode"
    monkeypatch.setattr(encode, lambda *args: hashed.append(1) or "md5$salt$x")
    answers, costs = [], []
    for email in (EMAIL, "second@school.example"):
        answers.append(sign_up_by(email, **weak))
        costs.append(len(hashed))
    assert answers[0].status_code == answers[1].status_code
    assert answers[0].get("Location") == answers[1].get("Location")
    assert costs[1] == 2 * costs[0] == (0 if weak else 2)
    if sign_up_by is app_sign_up and not weak:
        assert answers[0].json()["data"] == answers[1].json()["data"]
        assert set(answers[0].json()["meta"]) == set(answers[1].json()["meta"])


@pytest.mark.parametrize("sign_up_by", [page_sign_up, app_sign_up])
def test_invalid_role_is_refused_with_the_valid_roles(db, sign_up_by):
    text = sign_up_by("second@school.example", role="admin").content.decode()
    assert "tutor" in text
    assert "student" in text


# Confirmation links


def key_of(email, **fields):
    address = EmailAddress.objects.get(email=email)
    return EmailConfirmationHMAC.create(address).key


@pytest.mark.parametrize("method", ["get", "post"])
def test_second_click_on_a_confirmation_link_says_already_confirmed(person, method):
    url = f"/accounts/confirm-email/{key_of(EMAIL)}/"
    assert Client().post(url).status_code == 302
    answer = getattr(Client(), method)(url, HTTP_ACCEPT_LANGUAGE="en")
    assert answer.status_code == 200
    assert "You have confirmed this address already" in answer.content.decode()
    assert "/accounts/login/" in answer.content.decode()


def test_second_confirmation_by_the_api_answers_like_the_first(person):
    sent = {"key": key_of(EMAIL)}
    first, second = (APIClient().post(f"{AUTH}/email/verify", sent) for _ in range(2))
    assert first.status_code == second.status_code == 401
    assert first.json()["data"] == second.json()["data"]
    assert APIClient().post(f"{AUTH}/email/verify", {"key": "x"}).status_code == 400


def test_invalid_confirmation_key_gets_an_html_page(person):
    for method in ("get", "post"):
        answer = getattr(Client(), method)("/accounts/confirm-email/MQ:1:x/")
        assert answer["Content-Type"].startswith("text/html")
        assert EmailAddress.objects.get(email=EMAIL).verified is False


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
