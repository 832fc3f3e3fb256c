"""Requests to addresses that a client named: only public ones, within bounds."""

import contextlib
import socket
import threading
import time

import pytest

from apps.common import outgoing_http
from apps.common.outgoing_http import (
    ForbiddenAddressError,
    NoAnswerError,
    UnreachableError,
    check_url,
    is_public,
    post,
)


@pytest.fixture
def answers():
    """Return a function that starts a server which sends these parts, then waits."""
    opened = []

    def serve(*parts: bytes, pause: float = 0.0, close: bool = True) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        opened.append(listener)
        released = threading.Event()
        opened.append(released)

        def run() -> None:
            connection, _address = listener.accept()
            with connection:
                connection.recv(65536)
                for part in parts:
                    try:
                        connection.sendall(part)
                    except OSError:
                        return
                    released.wait(pause)
                if not close:
                    released.wait(30)
                connection.shutdown(socket.SHUT_WR)
                with contextlib.suppress(OSError):
                    while connection.recv(65536):  # closing with unread data would reset
                        pass

        threading.Thread(target=run, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/path?query=1"

    yield serve
    for each in opened:
        each.set() if isinstance(each, threading.Event) else each.close()


def send(url, **options):
    return post(url, b"body", {"X-Test": "1"}, **{"allow_private": True, **options})


def test_answer_has_status_headers_and_body(answers):
    found = send(answers(b"HTTP/1.1 201 Created\r\nRetry-After: 5\r\n\r\nDone"))
    assert (found.status, found.headers["retry-after"], found.body) == (201, "5", b"Done")


def test_redirect_is_not_followed(answers):
    url = answers(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n")
    assert send(url).status == 302


def test_long_answer_is_cut_off(answers):
    url = answers(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1_000_000)
    assert len(send(url).body) == outgoing_http.MAX_ANSWER


def test_answer_that_does_not_come_is_given_up_after_the_whole_time(answers, monkeypatch):
    monkeypatch.setattr(outgoing_http, "TOTAL_TIMEOUT", 0.3)
    began = time.monotonic()
    for parts in ((), [b"H"] * 100):
        with pytest.raises(NoAnswerError):
            send(answers(*parts, pause=0.1, close=False))
    assert time.monotonic() - began < 5


def test_slow_body_is_cut_off_after_the_whole_time(answers, monkeypatch):
    """The status has come, and nothing else is needed."""
    monkeypatch.setattr(outgoing_http, "TOTAL_TIMEOUT", 2)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
    began = time.monotonic()
    assert send(answers(head, *[b"x"] * 100, pause=0.1, close=False)).status == 200
    assert time.monotonic() - began < 9


def test_server_that_is_down_was_not_reached():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(UnreachableError) as caught:
        send(f"http://127.0.0.1:{port}/")
    assert not isinstance(caught.value, NoAnswerError)


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::1"], ["fe80::1"], ["169.254.169.254"]],
)
def test_host_with_any_private_address_is_refused(monkeypatch, addresses):
    """DNS may answer with both, and may answer otherwise the second time."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: found)
    monkeypatch.setattr(socket, "create_connection", lambda *_args: pytest.fail("connected"))
    with pytest.raises(ForbiddenAddressError):
        send("https://push.example/", allow_private=False)


def test_connection_goes_to_the_address_that_was_checked(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: found)
    asked = []

    def refuse(address, _timeout):
        asked.append(address)
        raise OSError

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(UnreachableError):
        send("https://push.example/", allow_private=False)
    assert asked == [("93.184.216.34", 443)]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("100.64.0.1", False),
        ("192.0.2.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b::93.184.216.34", True),
        ("2002:7f00:1::", False),
        ("fec0::1", False),  # site-local
        ("::7f00:1", False),  # IPv4-compatible
        ("::ffff:0:7f00:1", False),  # IPv4-translated
        ("64:ff9b:1::7f00:1", False),  # NAT64 of the own network
        ("2001:0:7f00:1::", False),  # Teredo
        ("3fff::1", False),
        ("5f00::1", False),
        ("192.0.0.8", False),
        ("192.88.99.1", False),
    ],
)
def test_special_addresses_are_not_public(address, public):
    assert is_public(address) is public


@pytest.mark.parametrize("url", ["http://push.example/", "https://127.0.0.1/", "https:///x", "x"])
def test_url_that_is_not_public_https_is_refused(url):
    with pytest.raises(ForbiddenAddressError):
        check_url(url, allow_private=False)
