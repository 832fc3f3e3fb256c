"""Rate limits on failed passwords, second-factor codes and join codes."""

import re
import threading

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core import mail
from django.test import Client
from rest_framework.test import APIClient

from apps.accounts import attempt_limits
from apps.accounts.models import User
from tests.builders import AUTH, PASSWORD, make_classroom, make_user, sign_up

pytestmark = pytest.mark.django_db
EMAIL = "new@school.example"
NEW_PASSWORD = f"{PASSWORD}-new"
SECRET = "JBSWY3DPEHPK3PXP"


@pytest.fixture
def clock(monkeypatch):
    """A clock for the limits and the cache that moves only when a test sets `ahead`."""
    started = attempt_limits.time.time()

    class Clock:
        ahead = 0.0

        def __call__(self):
            return started + self.ahead

    clock = Clock()
    monkeypatch.setattr("time.time", clock)
    return clock


def app_sign_in(client=None, password="wrong", email=EMAIL, **extra):
    client = client or APIClient()
    return client.post(f"{AUTH}/login", {"email": email, "password": password}, **extra)


def page_sign_in(client=None, password="wrong", email=EMAIL, **extra):
    client = client or Client()
    return client.post("/accounts/login/", {"login": email, "password": password}, **extra)


@pytest.mark.parametrize("sign_in", [app_sign_in, page_sign_in])
def test_attempts_are_limited_whatever_the_host_header(person, settings, clock, sign_in):
    settings.ALLOWED_HOSTS = ["*"]
    hosts = [f"h{n}.example" for n in range(45)]
    attempts = [sign_in(HTTP_HOST=host).status_code != 429 for host in hosts]
    assert sum(attempts) == attempt_limits.BY_ACCOUNT_AND_ADDRESS.free


@pytest.mark.parametrize("sign_in", [app_sign_in, page_sign_in])
def test_limited_attempt_answers_429_with_the_time_to_wait(person, clock, sign_in):
    answers = [sign_in(HTTP_ACCEPT_LANGUAGE="en") for _ in range(6)]
    assert answers[-1].status_code == 429
    assert 1 <= int(answers[-1]["Retry-After"]) <= 2
    assert "Try again in 2 seconds." in answers[-1].content.decode()


def test_spellings_of_one_address_share_its_limit(person, clock):
    spellings = [EMAIL, EMAIL.upper(), f"{EMAIL} ", "New@School.Example"] * 3
    assert sum(app_sign_in(email=email).status_code != 429 for email in spellings) == 5


def request_reset_key():
    Client().post("/accounts/password/reset/", {"email": EMAIL}, REMOTE_ADDR="192.0.2.1")
    [key] = re.findall(r"/accounts/password/reset/key/([^/\s]+)", mail.outbox[-1].body)
    return key


def page_reset():
    page = Client()
    form = page.get(f"/accounts/password/reset/key/{request_reset_key()}/", follow=True)
    sent = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert page.post(form.redirect_chain[-1][0], sent).status_code == 302
    return page


def app_reset():
    client = APIClient()
    sent = {"key": request_reset_key(), "password": NEW_PASSWORD}
    assert client.post(f"{AUTH}/password/reset", sent).status_code == 401  # not signed in
    return client


def test_own_password_reset_clears_the_limits_of_the_account_but_not_of_the_address(person, clock):
    for _ in range(5):
        app_sign_in()
    for _ in range(attempt_limits.BY_ADDRESS.free - 5):
        attempt_limits.record_attempt([(attempt_limits.BY_ADDRESS, "127.0.0.1")])
    page_reset()
    refused = app_sign_in(password=NEW_PASSWORD)
    assert refused.status_code == 429
    clock.ahead += int(refused["Retry-After"])
    assert app_sign_in(password=NEW_PASSWORD).status_code == 200


@pytest.mark.parametrize(
    ("reset", "sign_in"), [(page_reset, page_sign_in), (app_reset, app_sign_in)]
)
def test_owner_signs_in_after_a_reset_while_strangers_try(person, clock, reset, sign_in):
    def attempt_from_many_addresses():
        for n in range(60):
            app_sign_in(REMOTE_ADDR=f"198.51.100.{n}")

    attempt_from_many_addresses()
    owner = reset()
    attempt_from_many_addresses()
    assert sign_in(password=NEW_PASSWORD).status_code == 429
    assert sign_in(owner, NEW_PASSWORD).status_code in (200, 302)


def test_reset_does_not_clear_the_limits_of_another_account_with_the_address(person, clock):
    victim = make_user("student", email="victim@school.example")
    victim.emailaddress_set.update(verified=True)
    EmailAddress.objects.create(user=person, email=victim.email, verified=False)
    for n in range(20):
        app_sign_in(email=victim.email, REMOTE_ADDR=f"198.51.100.{n}")
    page_reset()
    assert app_sign_in(email=victim.email, REMOTE_ADDR="192.0.2.9").status_code == 429


def test_forged_forwarded_for_does_not_evade_the_limit(person, clock):
    attempts = [app_sign_in(HTTP_X_FORWARDED_FOR=f"203.0.113.{n}").status_code for n in range(12)]
    assert attempts.count(400) == 5


def test_owner_signs_in_after_a_strangers_attempts_from_another_address(person, clock):
    for _ in range(30):
        app_sign_in(REMOTE_ADDR="198.51.100.7")
    assert app_sign_in(password=PASSWORD, REMOTE_ADDR="192.0.2.1").status_code == 200


def test_many_strangers_delay_a_new_device_by_seconds_only(person, clock):
    for n in range(60):
        app_sign_in(REMOTE_ADDR=f"198.51.100.{n}")
    refused = app_sign_in(password=PASSWORD, REMOTE_ADDR="192.0.2.1")
    assert refused.status_code == 429
    clock.ahead += int(refused["Retry-After"])
    assert int(refused["Retry-After"]) <= attempt_limits.BY_ACCOUNT.max_delay
    assert app_sign_in(password=PASSWORD, REMOTE_ADDR="192.0.2.1").status_code == 200


@pytest.mark.parametrize(("client", "sign_in"), [(APIClient, app_sign_in), (Client, page_sign_in)])
def test_known_device_is_not_delayed_by_strangers_attempts(person, client, sign_in):
    own = client()
    assert sign_in(own, PASSWORD).status_code in (200, 302)
    device = own.cookies["device"]
    for n in range(60):
        app_sign_in(REMOTE_ADDR=f"198.51.100.{n}")
    again = client()
    again.cookies["device"] = device.value
    assert sign_in(again, PASSWORD).status_code in (200, 302)


def test_known_device_is_limited_for_its_own_and_for_other_accounts(person, clock):
    own = APIClient()
    app_sign_in(own, PASSWORD)
    own.cookies.pop("sessionid", None)
    assert [app_sign_in(own).status_code for _ in range(15)].count(400) == 10
    sign_up(email="other@school.example")
    tries = [app_sign_in(own, email="other@school.example").status_code for _ in range(10)]
    assert tries.count(400) == 5


def test_address_added_by_a_stranger_does_not_exempt_the_strangers_devices(db, clock):
    sign_up(email="stranger@school.example")
    sign_up()
    stranger = User.objects.get(email="stranger@school.example")
    EmailAddress.objects.create(user=stranger, email=EMAIL, verified=False)
    statuses = []
    for n in range(45):
        if n % 9 == 0:
            device = APIClient(REMOTE_ADDR=f"198.51.100.{n}")
            app_sign_in(device, PASSWORD, email=stranger.email)
            device.cookies.pop("sessionid", None)
        statuses.append(app_sign_in(device, REMOTE_ADDR=f"192.0.2.{n}").status_code)
    assert statuses[:20] == [400] * 20
    assert statuses[20:] == [429] * 25


def test_delay_grows_with_each_failed_attempt(person, clock):
    waits = []
    for _ in range(20):
        answer = app_sign_in()
        if answer.status_code == 429:
            waits.append(int(answer["Retry-After"]))
            clock.ahead += waits[-1]
    assert waits[:4] == [2, 4, 8, 16]


def test_concurrent_attempts_are_all_counted():
    limits = [(attempt_limits.BY_ACCOUNT_AND_ADDRESS, "x")]
    admitted, barrier = [], threading.Barrier(20)

    def attempt():
        barrier.wait()
        try:
            attempt_limits.record_attempt(limits)
            admitted.append(1)
        except attempt_limits.TooManyAttempts:
            pass

    threads = [threading.Thread(target=attempt) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(admitted) == 5


def test_unknown_address_is_limited_like_a_known_one(person, clock):
    known = [app_sign_in() for _ in range(8)]
    unknown = [app_sign_in(email="no@body.example", REMOTE_ADDR="192.0.2.9") for _ in range(8)]
    assert [a.status_code for a in known] == [a.status_code for a in unknown]
    assert [a.json() for a in known] == [a.json() for a in unknown]


def test_join_attempts_are_limited_despite_forged_forwarded_for(student, tutor):
    make_classroom(tutor)
    client = APIClient()
    client.force_login(student, "allauth.account.auth_backends.AuthenticationBackend")
    codes = [
        client.post(
            "/api/classrooms/join/", {"join_code": "AAAAAAAA"}, HTTP_X_FORWARDED_FOR=f"192.0.2.{n}"
        ).status_code
        for n in range(40)
    ]
    assert 429 in codes


# The second factor


def test_reset_does_not_make_the_device_known_to_an_account_with_a_second_factor(recovery_codes):
    assert "device" not in page_reset().cookies


@pytest.fixture
def recovery_codes(person):
    TOTP.activate(person, SECRET)
    return RecoveryCodes.activate(person)


def totp_code(now, steps=0):
    return format_hotp_value(hotp_value(SECRET, int(now) // 30 + steps))


def app_submit_code(code, client=None):
    client = client or APIClient()
    meta = app_sign_in(client, PASSWORD).json()["meta"]
    headers = {"X-Session-Token": meta["session_token"]}
    return client.post(f"{AUTH}/2fa/authenticate", {"code": code}, headers=headers)


def page_submit_code(code, client=None):
    client = client or Client()
    page_sign_in(client, PASSWORD)
    return client.post("/accounts/2fa/authenticate/", {"code": code})


PAGE_AND_API = pytest.mark.parametrize("submit_code", [app_submit_code, page_submit_code])


@PAGE_AND_API
@pytest.mark.parametrize(("step", "is_accepted"), [(-2, False), (-1, True), (0, True), (2, False)])
def test_code_is_accepted_up_to_one_step_late(
    recovery_codes, clock, submit_code, step, is_accepted
):
    clock.ahead = 30 - clock() % 30 + 5
    answer = submit_code(totp_code(clock(), step))
    assert ("device" in answer.cookies) is is_accepted


@PAGE_AND_API
def test_code_cannot_be_used_twice(recovery_codes, clock, submit_code):
    code = totp_code(clock(), 1)
    assert "device" in submit_code(code).cookies
    clock.ahead += 31
    assert "device" not in submit_code(code).cookies


@PAGE_AND_API
def test_wrong_codes_are_limited_without_limiting_recovery_codes(
    recovery_codes, clock, submit_code
):
    answers = [submit_code("000000") for _ in range(8)]
    assert [a.status_code for a in answers].count(429) == 3
    assert "Retry-After" in answers[-1]
    assert "device" in submit_code(recovery_codes.get_unused_codes()[0]).cookies


@pytest.fixture
def guess_without_pause(clock):
    """Returns a function that tries a wrong password and a wrong code from ever new addresses."""

    def guess(times):
        for n in range(times):
            stranger = APIClient(REMOTE_ADDR=f"2001:db8:{n:x}::1")
            app_sign_in(stranger)
            known_password = app_sign_in(stranger, PASSWORD)
            if known_password.status_code == 401:
                session = {"X-Session-Token": known_password.json()["meta"]["session_token"]}
                wrong = {"code": "00000000"}  # as long as the recovery codes that the owner uses
                stranger.post(f"{AUTH}/2fa/authenticate", wrong, headers=session)

    return guess


@pytest.mark.parametrize(
    ("client", "submit_code"), [(APIClient, app_submit_code), (Client, page_submit_code)]
)
def test_known_device_enters_its_code_at_once_while_strangers_guess(
    recovery_codes, clock, guess_without_pause, client, submit_code
):
    own = client()
    first, second = recovery_codes.get_unused_codes()[:2]
    device = submit_code(first, own).cookies["device"]
    guess_without_pause(60)
    again = client()
    again.cookies["device"] = device.value
    assert "device" in submit_code(second, again).cookies


def test_unknown_device_is_told_how_long_to_wait_while_strangers_guess(
    recovery_codes, clock, guess_without_pause
):
    guess_without_pause(60)
    answer = app_sign_in(APIClient(), PASSWORD)
    assert answer.status_code == 429
    wait = int(answer["Retry-After"])
    assert 1 <= wait <= attempt_limits.BY_ACCOUNT.max_delay
    assert f"{wait} second" in answer.json()["errors"][0]["message"]


def test_wrong_recovery_codes_are_limited(recovery_codes, clock):
    assert [app_submit_code("00000000").status_code for _ in range(8)].count(429) == 3


def test_staff_need_the_second_factor_for_the_admin(recovery_codes, person, clock):
    User.objects.filter(pk=person.pk).update(is_staff=True)
    client = Client()
    answer = client.post("/admin/login/?next=/admin/", {"username": EMAIL, "password": PASSWORD})
    assert answer.status_code == 302
    assert client.get("/admin/").status_code == 302
    assert client.get("/api/me/").status_code == 401
    client.post("/accounts/login/?next=/admin/", {"login": EMAIL, "password": PASSWORD})
    assert client.get("/admin/").status_code == 302
    client.post("/accounts/2fa/authenticate/", {"code": totp_code(clock())})
    assert client.get("/admin/").status_code == 200


def test_wrong_codes_do_not_limit_another_account(recovery_codes):
    other = make_user("tutor")
    assert not Authenticator.objects.filter(user=other).exists()
    for _ in range(8):
        app_submit_code("000000")
    limit = [(attempt_limits.BY_AUTHENTICATOR_CODE, f"user {other.pk} ")]
    attempt_limits.record_attempt(limit)


def test_wait_keeps_its_bound_when_the_clock_is_set_back(clock):
    limit = [(attempt_limits.BY_ADDRESS, "192.0.2.7")]
    clock.ahead = 400 * 86_400
    for _ in range(attempt_limits.BY_ADDRESS.free):
        attempt_limits.record_attempt(limit)
    with pytest.raises(attempt_limits.TooManyAttempts):
        attempt_limits.record_attempt(limit)
    clock.ahead = 0
    attempt_limits.record_attempt(limit)
    with pytest.raises(attempt_limits.TooManyAttempts) as refusal:
        attempt_limits.record_attempt(limit)
    assert refusal.value.seconds <= attempt_limits.BY_ADDRESS.max_delay
