"""Client addresses behind trusted proxies."""

import asyncio
from types import SimpleNamespace

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone
from rest_framework.test import APIClient

from apps.common.addresses import TrustedProxies, address_key, client_address, parse_address
from apps.common.rate_limits import REQUESTS_PER_WINDOW
from apps.lessons.invites import make_invite

CASES = [
    # peer, X-Forwarded-For, the client's address
    ("203.0.113.9", [], "203.0.113.9"),
    ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
    ("127.0.0.1", [], "127.0.0.1"),
    ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
    ("127.0.0.1", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
    ("127.0.0.1", ["1.1.1.1, 198.51.100.1, 10.0.0.7"], "198.51.100.1"),
    ("127.0.0.1", ["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
    ("127.0.0.1", ["127.0.0.1, nonsense"], "127.0.0.1"),
    ("127.0.0.1", ["198.51.100.1:5000"], "198.51.100.1"),
    ("127.0.0.1", ["[2001:db8::1]:5000"], "2001:db8::1"),
    ("127.0.0.1", ["2001:db8::1"], "2001:db8::1"),
    ("::ffff:127.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
    ("127.0.0.1", ["10.0.0.1, 10.0.0.2"], "10.0.0.1"),
    ("", ["198.51.100.1"], "198.51.100.1"),
]


def resolve(peer: str, forwarded: list[str], *headers: tuple[bytes, bytes]) -> dict:
    seen = {}

    async def app(scope, receive, send):
        seen.update(scope)

    scope = {
        "type": "http",
        "scheme": "http",
        "client": (peer, 1) if peer else None,
        "headers": [*((b"x-forwarded-for", value.encode()) for value in forwarded), *headers],
    }
    proxies = TrustedProxies(app, ["127.0.0.0/8", "::1", "10.0.0.0/8"])
    asyncio.run(proxies(scope, None, None))
    return seen


@pytest.mark.parametrize(("peer", "forwarded", "address"), CASES)
def test_client_address_is_the_rightmost_untrusted_one(peer, forwarded, address):
    scope = resolve(peer, forwarded)
    assert scope["client"][0] == address
    assert scope["headers"] == []


@pytest.mark.parametrize(
    ("sent", "scheme"),
    [
        ([b"https"], "https"),
        ([b"HTTPS"], "https"),
        ([b" https , http"], "https"),
        ([b"https", b"http"], "https"),
        ([b"http, https"], "http"),
    ],
)
def test_django_and_sockets_read_the_same_forwarded_protocol(sent, scheme):
    scope = resolve("127.0.0.1", [], *((b"x-forwarded-proto", value) for value in sent))
    assert scope["scheme"] == scheme
    assert scope["headers"] == [(b"x-forwarded-proto", scheme.encode())]


@pytest.mark.parametrize("sent", [b"", b"on", b"wss", b"\xff"])
def test_unknown_forwarded_protocol_counts_as_missing(sent):
    scope = resolve("127.0.0.1", [], (b"x-forwarded-proto", sent))
    assert (scope.get("scheme"), scope["headers"]) == (resolve("127.0.0.1", [])["scheme"], [])


def test_forwarded_protocol_of_trusted_proxy_sets_the_scheme():
    assert resolve("127.0.0.1", [], (b"x-forwarded-proto", b"https"))["scheme"] == "https"


def test_forwarded_headers_of_untrusted_peer_are_removed():
    scope = resolve("203.0.113.9", [], (b"x-forwarded-proto", b"https"))
    assert (scope["scheme"], scope["headers"]) == ("http", [])


@pytest.mark.parametrize("text", ["", "unknown", "_hidden", "1.2.3", "[", "1.2.3.4.5"])
def test_invalid_address_is_parsed_as_none(text):
    assert parse_address(text) is None


def test_client_address_ignores_the_forwarded_header():
    request = RequestFactory().get("/", REMOTE_ADDR="198.51.100.1", HTTP_X_FORWARDED_FOR="1.1.1.1")
    assert client_address(request) == "198.51.100.1"


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
        ("", ""),
    ],
)
def test_limits_count_an_ipv6_network_as_one_address(address, key):
    assert address_key(address) == key


def open_invite(lesson, address):
    token = make_invite(lesson=lesson, now=timezone.now()).token
    return Client(REMOTE_ADDR=address).get(f"/invite/{token}/", follow=True).status_code


def join_room(lesson, address):
    url = f"/api/classroom/sessions/{lesson.session.uuid}/join/"
    return APIClient(REMOTE_ADDR=address).post(url).status_code


@pytest.mark.parametrize("visit", [open_invite, join_room])
def test_rate_limits_count_an_ipv6_network_as_one_address(lesson, monkeypatch, visit):
    monkeypatch.setattr("apps.common.rate_limits.time", SimpleNamespace(time=lambda: 960.0))
    monkeypatch.setitem(REQUESTS_PER_WINDOW, "invite", 3)
    statuses = [visit(lesson, f"2001:db8:0:1::{n:x}") for n in range(4)]
    assert 429 not in statuses[:3]
    assert statuses[3] == 429
    assert visit(lesson, "2001:db8:0:2::1") != 429
