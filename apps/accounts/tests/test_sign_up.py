"""Sign-up does not reveal which addresses have accounts; confirmation links."""

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.test import Client
from rest_framework.test import APIClient

from apps.accounts.models import User
from tests.builders import AUTH, PASSWORD, make_user

pytestmark = pytest.mark.django_db
EMAIL = "new@school.example"
SIGN_UP = {"password": PASSWORD, "first_name": "A", "last_name": "B", "role": "tutor"}


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
def test_second_of_two_simultaneous_sign_ups_is_refused_in_words(db, monkeypatch, sign_up_by):
    """Both found the address unknown; the first is stored while the second hashes its password."""
    save = User.save

    def save_after_another(user, **options):
        monkeypatch.setattr(User, "save", save)
        make_user("tutor", email=EMAIL)
        user.save(**options)

    monkeypatch.setattr(User, "save", save_after_another)
    answer = sign_up_by(EMAIL)
    assert answer.status_code == 400
    assert "This address has just been registered" in answer.content.decode()


@pytest.mark.parametrize("sign_up_by", [page_sign_up, app_sign_up])
def test_invalid_role_is_refused_with_the_valid_roles(db, sign_up_by):
    text = sign_up_by("second@school.example", role="admin").content.decode()
    assert "tutor" in text
    assert "student" in text


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
