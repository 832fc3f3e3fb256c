"""Requests that may hash passwords wait in a queue of their own, and keep nobody else waiting."""

import asyncio
import io
import json
import threading

import pytest
from django.utils.translation import get_language

from apps.common import request_body, threads

CLIENT = {"type": "http", "http_version": "1.1", "query_string": b"", "scheme": "http"}


class Django:
    """A WSGI handler whose POSTs take until `go`."""

    def __init__(self):
        self.go = threading.Event()

    def __call__(self, environ, start_response):
        if threads.HASHING_QUEUE_FULL in environ:
            start_response("429 Too Many Requests", [])
        else:
            if environ["REQUEST_METHOD"] == "POST":
                self.go.wait(10)
            start_response("200 OK", [])
        return Answer()


class Answer(list):
    streaming = False

    def close(self):
        pass


async def ask(app, method, path):
    return (await answer(app, method, path))[0]["status"]


async def answer(app, method, path, body=b"", arrived=None, headers=()):
    """The messages of the answer; the last byte of the body comes when `arrived` is set."""
    sent = []
    parts = [body] if arrived is None else [body[:-1], body[-1:]]

    async def receive():
        if len(parts) == 1 and arrived is not None:
            await arrived.wait()
        part = parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(message):
        sent.append(message)

    await app({**CLIENT, "method": method, "path": path, "headers": [*headers]}, receive, send)
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
def test_sign_ins_at_once_leave_other_requests_their_threads(path):
    async def run():
        django = Django()
        app = threads.WsgiToAsgi(django, threads=1)
        many = [
            asyncio.create_task(ask(app, "POST", path)) for _ in range(threads.PASSWORD_QUEUE + 5)
        ]
        await asyncio.sleep(0)
        honest = await asyncio.wait_for(ask(app, "GET", "/calendar/"), 5)
        django.go.set()
        return honest, await asyncio.gather(*many), app.password_requests

    honest, statuses, left = asyncio.run(run())
    assert honest == 200
    assert (statuses.count(200), statuses.count(429)) == (threads.PASSWORD_QUEUE, 5)
    assert left == 0


def test_method_in_small_letters_is_the_same_method():
    """Django takes it for one, so the password lane must."""

    async def run():
        django = Django()
        app = threads.WsgiToAsgi(django, threads=1)
        sign_in = asyncio.create_task(ask(app, "post", "/accounts/login/"))
        await asyncio.sleep(0.1)
        passwords = app.password_requests
        django.go.set()
        await sign_in
        return passwords

    assert asyncio.run(run()) == 1


def test_token_refresh_waits_for_no_password():
    async def run():
        django = Django()
        app = threads.WsgiToAsgi(django, threads=1)
        sign_ins = [
            asyncio.create_task(ask(app, "POST", "/accounts/login/"))
            for _ in range(threads.PASSWORD_THREADS)
        ]
        refresh = asyncio.create_task(ask(app, "POST", "/_allauth/app/v1/tokens/refresh"))
        await asyncio.sleep(0.1)
        passwords = app.password_requests
        django.go.set()
        await asyncio.gather(refresh, *sign_ins)
        return passwords

    assert asyncio.run(run()) == threads.PASSWORD_THREADS


def refusal(messages):
    start, content = messages
    headers = dict(start["headers"])
    return start["status"], headers.get(b"retry-after"), json.loads(content["body"])["error"]


def test_request_that_finds_no_thread_in_time_is_answered_503(monkeypatch):
    monkeypatch.setattr(threads, "QUEUE_SECONDS", 0.2)

    async def run():
        django = Django()
        app = threads.WsgiToAsgi(django, threads=1)
        running = asyncio.create_task(ask(app, "POST", "/api/lessons/"))
        await asyncio.sleep(0.05)
        refused = await answer(app, "GET", "/api/me/")
        django.go.set()
        return refusal(refused), await running, await ask(app, "GET", "/api/me/")

    assert asyncio.run(run()) == ((503, b"5", "service_unavailable"), 200, 200)


def test_request_that_runs_too_long_is_answered_503_and_keeps_its_thread(monkeypatch):
    monkeypatch.setattr(threads, "QUEUE_SECONDS", 0.2)
    monkeypatch.setattr(threads, "RUN_SECONDS", 0.2)

    async def run():
        django = Django()
        app = threads.WsgiToAsgi(django, threads=1)
        slow = await answer(app, "POST", "/api/lessons/")
        waiting = await answer(app, "GET", "/api/me/")
        django.go.set()
        return refusal(slow), refusal(waiting), await ask(app, "GET", "/api/me/")

    unavailable = (503, b"5", "service_unavailable")
    assert asyncio.run(run()) == (unavailable, unavailable, 200)


def test_bodies_over_the_budget_of_all_are_refused(monkeypatch):
    monkeypatch.setattr(request_body, "MAX_BUFFERED", 500_000)

    async def run():
        django = Django()
        django.go.set()
        app = threads.WsgiToAsgi(django, threads=1)
        arrived = asyncio.Event()
        held = asyncio.create_task(answer(app, "POST", "/api/lessons/", b"x" * 300_000, arrived))
        await asyncio.sleep(0.05)
        refused = refusal(await answer(app, "POST", "/api/lessons/", b"x" * 300_000))
        small = (await answer(app, "POST", "/api/lessons/", b"x" * 100_000))[0]["status"]
        arrived.set()
        first = (await held)[0]["status"]
        later = (await answer(app, "POST", "/api/lessons/", b"x" * 300_000))[0]["status"]
        return refused, small, first, later, app.buffers.buffered

    unavailable = (503, b"5", "service_unavailable")
    assert asyncio.run(run()) == (unavailable, 200, 200, 200, 0)


@pytest.mark.parametrize(
    ("size", "spooled"),
    [(request_body.MAX_IN_MEMORY, False), (request_body.MAX_IN_MEMORY + 1, True)],
)
def test_large_body_is_held_in_a_file_and_read_whole(size, spooled):
    seen = []

    class Reading(Django):
        def __call__(self, environ, start_response):
            file = environ["wsgi.input"]
            # SpooledTemporaryFile says nowhere else whether it is in memory.
            in_memory = isinstance(file._file, io.BytesIO)
            seen.append((not in_memory, len(file.read()), environ["CONTENT_LENGTH"]))
            self.go.set()
            return super().__call__(environ, start_response)

    app = threads.WsgiToAsgi(Reading(), threads=1)
    asyncio.run(answer(app, "POST", "/api/lessons/", b"x" * size))
    assert seen == [(spooled, size, str(size))]


@pytest.mark.parametrize(
    ("asked", "words"),
    [(b"uk-UA,uk;q=0.9,en;q=0.5", "Сервіс"), (b"en", "The service"), (b"\xff;;q=x", "The service")],
)
@pytest.mark.parametrize("path", ["/api/me/", "/calendar/"])
def test_refusal_before_django_speaks_the_language_of_the_browser(monkeypatch, path, asked, words):
    monkeypatch.setattr(request_body, "MAX_BUFFERED", 0)

    async def run():
        app = threads.WsgiToAsgi(Django(), threads=1)
        headers = [(b"accept-language", asked)]
        return await answer(app, "POST", path, b"x", headers=headers)

    start, content = asyncio.run(run())
    assert start["status"] == 503
    assert words in content["body"].decode()
    assert get_language() == "en"
