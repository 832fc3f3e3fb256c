"""Client addresses behind trusted proxies."""

import asyncio

import pytest
from django.test import RequestFactory

from apps.common.addresses import TrustedProxies, client_address, parse_address

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
