"""The thread pools behind Django, their queues and limits, and request bodies."""

import asyncio
import contextlib
import io
import json
import threading

import pytest
from django.utils.translation import get_language

from apps.common import request_body, threads

CLIENT = {"type": "http", "http_version": "1.1", "query_string": b"", "scheme": "http"}


class SlowDjango:
    """A WSGI handler whose POST requests block until `released` is set."""

    def __init__(self):
        self.released = threading.Event()

    def __call__(self, environ, start_response):
        if threads.HASHING_QUEUE_FULL in environ:
            start_response("429 Too Many Requests", [])
        else:
            if environ["REQUEST_METHOD"] == "POST":
                self.released.wait(10)
            start_response("200 OK", [])
        return FakeResponse()


class FakeResponse(list):
    streaming = False

    def close(self):
        pass


async def get_status(app, method, path):
    return (await send_request(app, method, path))[0]["status"]


async def send_request(app, method, path, body=b"", last_byte=None, headers=(), client="192.0.2.1"):
    """Return the response's messages; the last byte of the body is sent once `last_byte` is set."""
    sent = []
    parts = [body] if last_byte is None else [body[:-1], body[-1:]]

    async def receive():
        if len(parts) == 1 and last_byte is not None:
            await last_byte.wait()
        part = parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(message):
        sent.append(message)

    scope = {**CLIENT, "method": method, "path": path, "headers": [*headers]}
    await app({**scope, "client": (client, 1)}, receive, send)
    return sent


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/login/",
        "/accounts/signup",
        "/accounts/password/reset/key/x/",
        "/_allauth/app/v1/auth/login",
        "/_allauth/browser/v1/account/password/change",
        "/admin/accounts/user/1/password/",
        "//_allauth/app/v1/auth/login",
        "/accounts//login/",
    ],
)
def test_many_sign_ins_do_not_block_other_requests(path):
    async def run():
        django = SlowDjango()
        app = threads.WsgiToAsgi(django, threads=1)
        many = [
            asyncio.create_task(get_status(app, "POST", path))
            for _ in range(threads.PASSWORD_QUEUE + 5)
        ]
        await asyncio.sleep(0)
        page_status = await asyncio.wait_for(get_status(app, "GET", "/calendar/"), 5)
        django.released.set()
        return page_status, await asyncio.gather(*many), app.password_requests

    page_status, statuses, left = asyncio.run(run())
    assert page_status == 200
    assert (statuses.count(200), statuses.count(429)) == (threads.PASSWORD_QUEUE, 5)
    assert left == 0


def test_lowercase_method_uses_the_password_pool():
    """Django treats it as POST, so the password pool must too."""

    async def run():
        django = SlowDjango()
        app = threads.WsgiToAsgi(django, threads=1)
        sign_in = asyncio.create_task(get_status(app, "post", "/accounts/login/"))
        await asyncio.sleep(0.1)
        passwords = app.password_requests
        django.released.set()
        await sign_in
        return passwords

    assert asyncio.run(run()) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/api/me/external-calendars/",
        "/api/tutors/7/slots",
        "/api/tutors/7/bookings/",
        "/api/lesson-series/preview/",
        "/api/reports/accounts.csv",
        "/feeds/x.ics",
        "/payments/bank/",
        "/series/new/",
        "/statements/7/2026-11/pdf/",
        "/students/import/preview/",
        "/tutors/7/book/",
    ],
)
def test_requests_that_take_seconds_do_not_block_other_requests(path):
    async def run():
        django = SlowDjango()
        app = threads.WsgiToAsgi(django, threads=1)
        slow = [asyncio.create_task(get_status(app, "POST", path)) for _ in range(20)]
        async with asyncio.timeout(5):
            assert await get_status(app, "GET", "/lessons/7/") == 200
        django.released.set()
        assert await asyncio.gather(*slow) == [200] * 20

    asyncio.run(run())


def test_token_refresh_does_not_use_the_password_pool():
    async def run():
        django = SlowDjango()
        app = threads.WsgiToAsgi(django, threads=1)
        sign_ins = [
            asyncio.create_task(get_status(app, "POST", "/accounts/login/"))
            for _ in range(threads.PASSWORD_THREADS)
        ]
        refresh = asyncio.create_task(get_status(app, "POST", "/_allauth/app/v1/tokens/refresh"))
        await asyncio.sleep(0.1)
        passwords = app.password_requests
        django.released.set()
        await asyncio.gather(refresh, *sign_ins)
        return passwords

    assert asyncio.run(run()) == threads.PASSWORD_THREADS


def refusal(messages):
    start, content = messages
    headers = dict(start["headers"])
    return start["status"], headers.get(b"retry-after"), json.loads(content["body"])["error"]


def test_request_without_a_free_thread_in_time_gets_503(monkeypatch):
    monkeypatch.setattr(threads, "QUEUE_SECONDS", 0.2)

    async def run():
        django = SlowDjango()
        app = threads.WsgiToAsgi(django, threads=1)
        running = asyncio.create_task(get_status(app, "POST", "/api/lessons/"))
        await asyncio.sleep(0.05)
        refused = await send_request(app, "GET", "/api/me/")
        django.released.set()
        return refusal(refused), await running, await get_status(app, "GET", "/api/me/")

    assert asyncio.run(run()) == ((503, b"5", "service_unavailable"), 200, 200)


def test_slow_request_gets_503_and_keeps_its_thread(monkeypatch):
    monkeypatch.setattr(threads, "QUEUE_SECONDS", 0.2)
    monkeypatch.setattr(threads, "RUN_SECONDS", 0.2)

    async def run():
        django = SlowDjango()
        app = threads.WsgiToAsgi(django, threads=1)
        slow = await send_request(app, "POST", "/api/lessons/")
        waiting = await send_request(app, "GET", "/api/me/")
        django.released.set()
        return refusal(slow), refusal(waiting), await get_status(app, "GET", "/api/me/")

    unavailable = (503, b"5", "service_unavailable")
    assert asyncio.run(run()) == (unavailable, unavailable, 200)


@contextlib.asynccontextmanager
async def stalled_bodies(app, size, clients):
    """Send all but the last byte of a body from each client, and the rest at the end."""
    last_byte = asyncio.Event()
    waiting = [
        asyncio.create_task(
            send_request(app, "POST", "/api/lessons/", b"x" * size, last_byte, client=client)
        )
        for client in clients
    ]
    for _ in range(3):  # each reads until it waits for its last byte
        await asyncio.sleep(0)
    yield
    last_byte.set()
    assert [(await each)[0]["status"] for each in waiting] == [200] * len(waiting)


def make_app():
    django = SlowDjango()
    django.released.set()
    return threads.WsgiToAsgi(django, threads=1)


async def post(app, size, client):
    sent = await send_request(app, "POST", "/api/lessons/", b"x" * size, client=client)
    return sent[0]["status"] if len(sent[1]["body"]) == 0 else refusal(sent)


UNAVAILABLE = (503, b"5", "service_unavailable")
THROTTLED = (429, b"5", "throttled")
NETWORK, SAME_NETWORK = "2001:db8::1", "2001:db8::2:3"


def test_stalled_uploads_of_one_network_leave_room_for_others(monkeypatch):
    monkeypatch.setattr(request_body, "MAX_LARGE_BODIES_PER_CLIENT", 1_000_000)

    async def run():
        app = make_app()
        async with stalled_bodies(app, 400_000, [NETWORK, SAME_NETWORK]):
            refused = await post(app, 400_000, SAME_NETWORK)
            return (
                refused,
                await post(app, 400_000, "198.51.100.7"),
                await post(app, 1000, NETWORK),
            )

    assert asyncio.run(run()) == (THROTTLED, 200, 200)


def test_stalled_uploads_of_many_networks_leave_room_for_small_bodies(monkeypatch):
    monkeypatch.setattr(request_body, "MAX_LARGE_BODIES", 1_000_000)

    async def run():
        app = make_app()
        async with stalled_bodies(app, 400_000, ["192.0.2.1", "192.0.2.2"]):
            refused = await post(app, 400_000, "192.0.2.3")
            small = await post(app, request_body.MAX_IN_MEMORY, "192.0.2.3")
        return refused, small, await post(app, 400_000, "192.0.2.3")

    assert asyncio.run(run()) == (UNAVAILABLE, 200, 200)


def test_small_bodies_of_one_network_leave_room_for_others(monkeypatch):
    monkeypatch.setattr(request_body, "MAX_SMALL_BODIES_PER_CLIENT", 250_000)

    async def run():
        app = make_app()
        async with stalled_bodies(app, 100_000, [NETWORK, NETWORK]):
            return await post(app, 100_000, SAME_NETWORK), await post(app, 100_000, "192.0.2.1")

    assert asyncio.run(run()) == (THROTTLED, 200)


def test_answered_bodies_release_their_budgets():
    async def run():
        app = make_app()
        async with stalled_bodies(app, 400_000, [NETWORK]), stalled_bodies(app, 9, [NETWORK]):
            held = app.buffers.large.held, app.buffers.small.held
        return held, app.buffers.large, app.buffers.small

    held, *budgets = asyncio.run(run())
    assert held == (399_999, 8)
    assert [(budget.held, budget._held_by) for budget in budgets] == [(0, {}), (0, {})]


@pytest.mark.parametrize(
    ("size", "spooled"),
    [(request_body.MAX_IN_MEMORY, False), (request_body.MAX_IN_MEMORY + 1, True)],
)
def test_large_body_is_spooled_to_a_file_and_read_completely(size, spooled):
    seen = []

    class Reading(SlowDjango):
        def __call__(self, environ, start_response):
            file = environ["wsgi.input"]
            # SpooledTemporaryFile says nowhere else whether it is in memory.
            in_memory = isinstance(file._file, io.BytesIO)
            seen.append((not in_memory, len(file.read()), environ["CONTENT_LENGTH"]))
            self.released.set()
            return super().__call__(environ, start_response)

    app = threads.WsgiToAsgi(Reading(), threads=1)
    asyncio.run(send_request(app, "POST", "/api/lessons/", b"x" * size))
    assert seen == [(spooled, size, str(size))]


@pytest.mark.parametrize(
    ("asked", "words"),
    [(b"uk-UA,uk;q=0.9,en;q=0.5", "Сервіс"), (b"en", "The service"), (b"\xff;;q=x", "The service")],
)
@pytest.mark.parametrize("path", ["/api/me/", "/calendar/"])
def test_refusal_before_django_is_in_the_requested_language(monkeypatch, path, asked, words):
    monkeypatch.setattr(request_body, "MAX_SMALL_BODIES", 0)

    async def run():
        app = threads.WsgiToAsgi(SlowDjango(), threads=1)
        headers = [(b"accept-language", asked)]
        return await send_request(app, "POST", path, b"x", headers=headers)

    start, content = asyncio.run(run())
    assert start["status"] == 503
    assert words in content["body"].decode()
    assert get_language() == "en"


def test_backslashes_of_cookies_do_not_reach_django():
    """Python before 3.11.10 takes quadratic time for quoted ones (CVE-2024-7592)."""
    cookies = []

    def django(environ, start_response):
        cookies.append(environ["HTTP_COOKIE"])
        start_response("200 OK", [])
        return FakeResponse()

    app = threads.WsgiToAsgi(django, threads=1)
    headers = [(b"cookie", b'a="' + b"\\" * 1000 + b'"; sessionid=abc')]
    asyncio.run(send_request(app, "GET", "/", headers=headers))
    assert cookies == ['a=""; sessionid=abc']
