"""Push subscriptions: who has one, when it ends, and what a push service gets."""

from datetime import UTC, datetime, timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from apps.accounts.models import PushSubscription
from apps.accounts.notifications import push, push_test
from apps.accounts.notifications.push import PushMessage, Result
from apps.accounts.notifications.subscriptions import delete_dead_subscriptions
from apps.accounts.notifications.vapid import public_key
from tests.builders import PASSWORD
from tests.push_service import Browser, PushService

pytestmark = pytest.mark.django_db
URL = "/api/me/push/"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MESSAGE = PushMessage("Урок: 15:00", "Алгебра", "/lessons/7/", "lesson-7", NOW + timedelta(hours=1))


@pytest.fixture
def service(settings):
    settings.PUSH_SERVICES = "any"
    with PushService() as found:
        yield found


def body(endpoint="https://push.example/1"):
    return {"endpoint": endpoint, "keys": Browser().keys}


def usable():
    found = PushSubscription.objects.with_session(timezone.now()).select_related("user")
    return [each for each in found if each.is_usable]


def test_session_subscribes_and_unsubscribes(api, student):
    client = api(student)
    assert client.get(URL).json() == {"public_key": public_key(), "subscribed": False}
    assert client.put(URL, body()).json()["subscribed"] is True
    assert api(student).get(URL).json()["subscribed"] is False  # another session
    assert len(usable()) == 1
    assert client.delete(URL).status_code == 204
    assert client.get(URL).json()["subscribed"] is False


def test_session_has_one_subscription(api, student):
    client = api(student)
    for number in range(2):
        client.put(URL, body(f"https://push.example/{number}"))
    assert [each.endpoint for each in usable()] == ["https://push.example/1"]


def test_browser_that_somebody_else_uses_now_changes_hands(api, student, tutor):
    api(student).put(URL, body())
    api(tutor).put(URL, body())
    assert [each.user for each in usable()] == [tutor]


def test_newest_ten_subscriptions_are_kept(api, student):
    for number in range(12):
        api(student).put(URL, body(f"https://push.example/{number}"))
    assert {each.endpoint[-2:].strip("/") for each in usable()} == set(map(str, range(2, 12)))


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example/1",
        "https://127.0.0.1/1",
        "https://10.0.0.1/1",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/1",
        "https://[::ffff:127.0.0.1]/1",
        "https://[64:ff9b::7f00:1]/1",
        "https://0.0.0.0/1",
        "https://user@push.example/1",
        "https://push.example:0/1",
        "https://push.example:99999/1",
        "https://",
        "ftp://push.example/1",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://push.example/ 1",
        "https://push.example/ї",
        "https://push.example/" + "a" * 1000,
    ],
)
def test_endpoint_that_is_not_public_https_is_invalid(api, student, endpoint):
    answer = api(student).put(URL, body(endpoint))
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["endpoint"])
    assert not usable()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("p256dh", "AAAA"),
        ("p256dh", "B" + "A" * 86),
        ("p256dh", "ї"),
        ("p256dh", ""),
        ("auth", "AAAA"),
        ("auth", "!" * 22),
        ("auth", 7),
    ],
)
def test_wrong_keys_are_invalid(api, student, name, value):
    sent = body()
    sent["keys"][name] = value
    answer = api(student).put(URL, sent)
    assert (answer.status_code, next(iter(answer.json()["fields"])).split(".")[-1]) == (400, name)


# The end of a session


@pytest.fixture
def signed_in(client, student):
    """A browser that signed in by the form and subscribed."""
    student.set_password(PASSWORD)
    student.save()
    client.post("/accounts/login/", {"login": student.email, "password": PASSWORD})
    answer = client.put(URL, body(), content_type="application/json")
    assert answer.json()["subscribed"] is True
    assert len(usable()) == 1
    return client


def test_sign_out_ends_the_subscription(signed_in):
    signed_in.post("/accounts/logout/")
    assert not usable()
    delete_dead_subscriptions(timezone.now())
    assert not PushSubscription.objects.exists()


def test_new_password_ends_the_subscription(signed_in, student):
    student.set_password("another-long-pass-phrase-8")
    student.save()
    assert not usable()


def test_deactivation_ends_the_subscription(signed_in, student):
    student.is_active = False
    student.save()
    assert not usable()


def test_session_ended_from_elsewhere_ends_the_subscription(signed_in, student):
    UserSession.objects.get(user=student).end()
    assert not usable()


def test_expired_session_ends_the_subscription(signed_in):
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not usable()


def test_clean_up_keeps_those_of_living_sessions(signed_in):
    delete_dead_subscriptions(timezone.now())
    assert len(usable()) == 1


# Sending


@pytest.fixture
def subscription(api, student, service):
    sent = {"endpoint": service.endpoint, "keys": service.browser.keys}
    assert api(student).put(URL, sent).status_code == 200
    return PushSubscription.objects.get()


def test_service_gets_an_encrypted_message(subscription, service):
    assert push.send(subscription, MESSAGE, NOW).result is Result.SENT
    payload, headers = service.received.get(timeout=5)
    assert payload == {
        "title": "Урок: 15:00",
        "body": "Алгебра",
        "url": "/lessons/7/",
        "tag": "lesson-7",
    }
    assert (headers["ttl"], headers["topic"], headers["urgency"]) == ("3600", "lesson-7", "high")
    assert headers["content-encoding"] == "aes128gcm"


def test_payload_cannot_be_read_by_the_service(subscription):
    content = push.encrypt(subscription, MESSAGE)
    assert "Алгебра".encode() not in content
    assert push.encrypt(subscription, MESSAGE) != content


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, Result.SENT),
        (202, Result.SENT),
        (404, Result.GONE),
        (410, Result.GONE),
        (400, Result.REFUSED),
        (403, Result.REFUSED),
        (413, Result.REFUSED),
        (302, Result.REFUSED),
        (429, Result.FAILED),
        (500, Result.FAILED),
        (503, Result.FAILED),
    ],
)
def test_answer_decides_about_another_attempt(subscription, service, status, result):
    service.statuses = [status]
    assert push.send(subscription, MESSAGE, NOW).result is result
    assert service.requests == 1


@pytest.mark.parametrize(("value", "seconds"), [("90", 90), ("999999", 3600), ("soon", None)])
def test_retry_after_is_taken_within_bounds(subscription, service, value, seconds):
    service.statuses, service.headers_of_answers = [503], {"Retry-After": value}
    wait = push.send(subscription, MESSAGE, NOW).retry_after
    assert wait == (timedelta(seconds=seconds) if seconds else None)


def test_service_that_is_down_is_a_failure(subscription, service):
    service.__exit__()
    assert push.send(subscription, MESSAGE, NOW).result is Result.FAILED


def test_loopback_is_refused_at_connection(subscription, service, settings):
    """The endpoint's name may have come to point elsewhere since it was checked."""
    settings.PUSH_SERVICES = "public"
    subscription.endpoint = f"https://localhost:{service.endpoint.split(':')[2]}"
    assert push.send(subscription, MESSAGE, NOW).result is Result.REFUSED
    assert service.requests == 0


@pytest.mark.django_db(transaction=True)
def test_test_message_reaches_the_browser(api, student, service):
    client = api(student)
    client.put(URL, {"endpoint": service.endpoint, "keys": service.browser.keys})
    assert client.post(f"{URL}test/").status_code == 204
    payload, _headers = service.received.get(timeout=10)
    assert payload["url"] == "/settings/notifications/"


@pytest.mark.django_db(transaction=True)
def test_test_message_to_a_browser_that_is_gone_ends_the_subscription(api, student, service):
    service.statuses = [410]
    client = api(student)
    client.put(URL, {"endpoint": service.endpoint, "keys": service.browser.keys})
    push_test.start(student, client.session.session_key).result(timeout=10)
    assert client.get(URL).json()["subscribed"] is False


def test_test_messages_are_limited(api, student, settings):
    settings.THROTTLING = True
    client = api(student)
    statuses = [client.post(f"{URL}test/").status_code for _each in range(6)]
    assert statuses == [404] * 5 + [429]
