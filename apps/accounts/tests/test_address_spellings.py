"""Pages and API accept every spelling of an address and store its canonical form."""

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from rest_framework.test import APIClient

from apps.accounts.models import User
from tests.builders import AUTH, PASSWORD, sign_up

pytestmark = pytest.mark.django_db
EMAIL = "kate@school.example"
SPELLINGS = [
    "Kate@School.Example",
    " kate@school.example\u00a0",
    "kate@school.example.",
    "kate@school。example",
    "ka\u200bte@school.\u2060example",
    "kate@sｃhool．example",
]
# Invalid, although lower case or NFKC turns the first two into "kate@…".
OTHER_ADDRESSES = ["\u212aate@school.example", "Ｋate@school.example", "kate@school..example"]


def page_sign_up(email):
    sent = {"email": email, "password1": PASSWORD, "first_name": "A", "last_name": "B"}
    return Client().post("/accounts/signup/", {**sent, "role": "student"})


def app_sign_up(email):
    return sign_up(email=email)


@pytest.mark.parametrize("submit", [page_sign_up, app_sign_up])
@pytest.mark.parametrize("typed", SPELLINGS)
def test_every_spelling_signs_up_with_the_canonical_address(submit, typed):
    assert submit(typed).status_code < 400
    assert User.objects.get().email == EMAIL


@pytest.mark.parametrize("submit", [page_sign_up, app_sign_up])
@pytest.mark.parametrize("typed", OTHER_ADDRESSES)
def test_invalid_address_does_not_sign_up(submit, typed):
    submit(typed)
    assert not User.objects.exists()


@pytest.fixture
def kate(db):
    sign_up(email=EMAIL)
    return User.objects.get()


def page_sign_in(email):
    return Client().post("/accounts/login/", {"login": email, "password": PASSWORD}).status_code


def app_sign_in(email):
    answer = APIClient().post(f"{AUTH}/login", {"email": email, "password": PASSWORD})
    return {200: 302, 400: 200}[answer.status_code]


@pytest.mark.parametrize("submit", [page_sign_in, app_sign_in])
def test_every_spelling_signs_in_and_invalid_addresses_do_not(kate, submit):
    assert [submit(typed) for typed in SPELLINGS] == [302] * len(SPELLINGS)
    assert [submit(typed) for typed in OTHER_ADDRESSES] == [200] * len(OTHER_ADDRESSES)


def page_reset(email):
    Client().post("/accounts/password/reset/", {"email": email})


def app_reset(email):
    APIClient().post(f"{AUTH}/password/request", {"email": email})


@pytest.mark.parametrize("submit", [page_reset, app_reset])
@pytest.mark.parametrize("typed", SPELLINGS[2:5])
def test_every_spelling_requests_a_password_reset(kate, submit, typed):
    mail.outbox.clear()
    submit(typed)
    assert [message.to for message in mail.outbox] == [[EMAIL]]
    assert "/accounts/password/reset/key/" in mail.outbox[0].body


@pytest.mark.parametrize("submit", [page_reset, app_reset])
@pytest.mark.parametrize("typed", OTHER_ADDRESSES)
def test_invalid_address_requests_no_password_reset(kate, submit, typed):
    mail.outbox.clear()
    submit(typed)
    assert mail.outbox == []


def page_add(email):
    client = Client()
    client.post("/accounts/login/", {"login": EMAIL, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.post("/accounts/email/", {"action_add": "", "email": email})


def app_add(email):
    meta = APIClient().post(f"{AUTH}/login", {"email": EMAIL, "password": PASSWORD}).json()["meta"]
    client = APIClient(headers={"X-Session-Token": meta["session_token"]})
    client.post(f"{AUTH}/reauthenticate", {"password": PASSWORD})
    client.post("/_allauth/app/v1/account/email", {"email": email})


@pytest.mark.parametrize("submit", [page_add, app_add])
@pytest.mark.parametrize("typed", ["kate@home。example.", "ka\u200bte@home.example"])
def test_every_spelling_is_added_as_the_canonical_address(kate, submit, typed):
    submit(typed)
    added = EmailAddress.objects.exclude(email=EMAIL)
    assert [row.email for row in added] == ["kate@home.example"]


@pytest.mark.parametrize("submit", [page_add, app_add])
def test_invalid_address_is_not_added(kate, submit):
    submit("\u212aim@home.example")
    assert EmailAddress.objects.count() == 1
