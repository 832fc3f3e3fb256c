"""Requests of a person, or of an address, are counted for a minute by the API and the pages."""

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache.backends.locmem import LocMemCache
from django.test import RequestFactory

from apps.classroom.upload_limits import check_upload_rate
from apps.common import rate_limits
from apps.common.errors import DomainError
from apps.common.rate_limits import check_rate_limit


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """A clock that a test can move, and a limit of two requests."""
    clock = [960.0]  # the beginning of a minute
    monkeypatch.setattr(rate_limits, "time", SimpleNamespace(time=lambda: clock[0]))
    monkeypatch.setattr(rate_limits, "REQUESTS_PER_WINDOW", {"join": 2, "invite": 2})
    return clock


def send(user=None, address="192.0.2.1", name="join"):
    request = RequestFactory(REMOTE_ADDR=address).get("/")
    request.user = user or AnonymousUser()
    check_rate_limit(request, name)


def test_request_over_the_limit_is_refused_until_the_minute_ends(now):
    send()
    now[0] += 20
    send()
    with pytest.raises(DomainError) as refusal:
        send()
    assert (refusal.value.code, refusal.value.retry_after) == ("throttled", 40)
    now[0] += 40
    send()


def test_concurrent_requests_are_all_counted(now, monkeypatch):
    threads, each = 8, 50
    monkeypatch.setitem(rate_limits.REQUESTS_PER_WINDOW, "join", threads * each)
    all_at_once = Barrier(threads, timeout=20)

    def send_many():
        all_at_once.wait()
        for _ in range(each):
            send()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(threads) as pool:
            for sent in [pool.submit(send_many) for _ in range(threads)]:
                sent.result()
    finally:
        sys.setswitchinterval(interval)
    with pytest.raises(DomainError):
        send()


def test_counter_that_moves_to_another_cache_refuses_nobody(now, monkeypatch):
    elsewhere, incr = LocMemCache("elsewhere", {}), LocMemCache.incr
    monkeypatch.setattr(LocMemCache, "incr", lambda _cache, *args: incr(elsewhere, *args))
    for _ in range(3):
        send()
        check_upload_rate("person", 1)


def test_visitors_are_counted_by_address_and_limit(now):
    for address, name in [("192.0.2.1", "join"), ("192.0.2.2", "join"), ("192.0.2.1", "invite")]:
        send(address=address, name=name)
        send(address=address, name=name)


def test_user_is_counted_at_every_address(now, tutor, student):
    send(tutor, "192.0.2.1")
    send(tutor, "192.0.2.2")
    send(student, "192.0.2.1")
    with pytest.raises(DomainError):
        send(tutor, "192.0.2.3")


def test_each_refusal_is_a_security_event(now, student, log_lines):
    for user in (student, None):
        for _ in range(3):
            with suppress(DomainError):
                send(user)
    lines = [line for line in log_lines() if line["logger"] == "kreida.security"]
    assert [(line["event"], line["user_id"], line["address"]) for line in lines] == [
        ("join_limited", student.pk, "192.0.2.1"),
        ("join_limited", None, "192.0.2.1"),
    ]


def test_nothing_is_counted_without_throttling(now, settings):
    settings.THROTTLING = False
    for _ in range(3):
        send()


def test_guests_but_not_people_with_accounts_are_limited_on_joining_a_room(
    api, lesson, student, stranger
):
    url = f"/api/classroom/sessions/{lesson.session.uuid}/join/"
    guest = api()
    statuses = [guest.post(url, {"invite": "x", "name": "Guest"}).status_code for _ in range(3)]
    assert statuses == [400, 400, 429]
    assert {api(student).post(url).status_code for _ in range(3)} == {200}


def test_page_counts_attempts_on_the_api(api, client, stranger):
    for _ in range(2):
        assert api(stranger).post("/api/classrooms/join/", {"join_code": "x"}).status_code == 404
    client.force_login(stranger, "allauth.account.auth_backends.AuthenticationBackend")
    page = client.post("/join/", {"join_code": "x"})
    assert page.context["form"].has_error("__all__", "throttled")
