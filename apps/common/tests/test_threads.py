"""Requests that may hash passwords wait in a queue of their own, and keep nobody else waiting."""

import asyncio
import threading

import pytest

from apps.common import threads

CLIENT = {"type": "http", "http_version": "1.1", "query_string": b"", "scheme": "http"}


class Django:
    """A WSGI handler whose POSTs take until `go`."""

    def __init__(self):
        self.go = threading.Event()

    def __call__(self, environ, start_response):
        if threads.PASSWORDS_BUSY in environ:
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
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    await app({**CLIENT, "method": method, "path": path, "headers": []}, receive, send)
    return sent[0]["status"]


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/login/",
        "/accounts/signup",
        "/accounts/password/reset/key/x/",
        "/_allauth/app/v1/auth/login",
        "/_allauth/browser/v1/account/password/change",
        "/admin/accounts/user/1/password/",
    ],
)
def test_sign_ins_at_once_leave_other_requests_their_threads(path):
    async def run():
        django = Django()
        app = threads.InThreads(django, threads=1)
        many = [
            asyncio.create_task(ask(app, "POST", path)) for _ in range(threads.PASSWORD_QUEUE + 5)
        ]
        await asyncio.sleep(0)
        honest = await asyncio.wait_for(ask(app, "GET", "/calendar/"), 5)
        django.go.set()
        return honest, await asyncio.gather(*many), app.passwords

    honest, statuses, left = asyncio.run(run())
    assert honest == 200
    assert (statuses.count(200), statuses.count(429)) == (threads.PASSWORD_QUEUE, 5)
    assert left == 0


def test_token_refresh_waits_for_no_password():
    async def run():
        django = Django()
        app = threads.InThreads(django, threads=1)
        sign_ins = [
            asyncio.create_task(ask(app, "POST", "/accounts/login/"))
            for _ in range(threads.PASSWORD_THREADS)
        ]
        refresh = asyncio.create_task(ask(app, "POST", "/_allauth/app/v1/tokens/refresh"))
        await asyncio.sleep(0.1)
        passwords = app.passwords
        django.go.set()
        await asyncio.gather(refresh, *sign_ins)
        return passwords

    assert asyncio.run(run()) == threads.PASSWORD_THREADS
