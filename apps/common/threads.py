"""Django's HTTP in a pool of threads, beside the event loop that serves the sockets.

docs/adr/0001-one-asgi-process.md says why, and why not by a package.
"""

import asyncio
import io
import re
import sys
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from apps.common.middleware import body_limit

# In the environ (so in request.META) of a request that the password pool had no room for.
PASSWORDS_BUSY = "kreida.passwords_busy"
PASSWORD_THREADS = 2
PASSWORD_QUEUE = 24  # requests that wait or run; each takes about half a second
# What may hash a password, which takes most of a second: sign-in, sign-up, changes, resets.
_PASSWORDS = re.compile(r"^/(accounts|_allauth|admin/accounts/user)/(?!app/v1/tokens/)")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

# Of a file's pieces of 4 KiB: how many come back from the thread at once.
PIECES = 64


class InThreads:
    """Django's WSGI handler as an ASGI application.

    A request goes to a thread once, when its body has arrived, and comes back once, when its
    answer is whole: no thread waits for a slow client, and little time goes into handing over.
    Only a streamed answer is fetched piece by piece. Requests that may hash a password have few
    threads of their own, so that however many sign in at once, the others are answered.
    """

    def __init__(self, django: Any, threads: int) -> None:
        self.django = django
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="http")
        self.password_pool = ThreadPoolExecutor(PASSWORD_THREADS, thread_name_prefix="password")
        self.passwords = 0  # requests waiting for that pool or running in it

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        body = await _read(scope, receive)
        if body is None:
            return
        run = asyncio.get_running_loop().run_in_executor
        environ = _environ(scope, body)
        if scope["method"] == "POST" and _PASSWORDS.match(scope["path"]):
            start, content, streamed = await self._answer_password(environ)
        else:
            start, content, streamed = await run(self.pool, self._answer, environ)
        await send(start)
        if streamed is not None:
            pieces = iter(streamed)
            try:
                while content := await run(self.pool, _some, pieces):
                    await send({"type": "http.response.body", "body": content, "more_body": True})
            finally:
                await run(self.pool, streamed.close)
        await send({"type": "http.response.body", "body": content})

    async def _answer_password(self, environ: dict[str, Any]) -> tuple[Message, bytes, Any]:
        run = asyncio.get_running_loop().run_in_executor
        if self.passwords >= PASSWORD_QUEUE:
            environ[PASSWORDS_BUSY] = True  # answered 429 by SignInAnswers, which hashes nothing
            return await run(self.pool, self._answer, environ)
        self.passwords += 1
        try:
            return await run(self.password_pool, self._answer, environ)
        finally:
            self.passwords -= 1

    def _answer(self, environ: dict[str, Any]) -> tuple[Message, bytes, Any]:
        """In a thread: how the answer starts, and either all of it or what will stream it."""
        start: Message = {"type": "http.response.start"}

        def start_response(status: str, headers: list[tuple[str, str]]) -> None:
            start["status"] = int(status[:3])
            start["headers"] = [
                (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers
            ]

        response = self.django(environ, start_response)
        if response.streaming:
            return start, b"", response
        content = b"".join(response)
        response.close()
        return start, content, None


def _some(pieces: Iterator[bytes]) -> bytes:
    return b"".join(islice(pieces, PIECES))


async def _read(scope: Message, receive: Receive) -> bytes | None:
    """The body; None once the client has gone.

    One that is too long by its own word is not read, and one in chunks (RFC 9112 §7.1), which
    says no length, only until it is too long: BodyLimit refuses both.
    """
    limit = body_limit(scope["path"])
    length = dict(scope["headers"]).get(b"content-length", b"0")
    if len(length) > 12 or int(length) > limit:
        return b""
    body, more = b"", True
    while more and len(body) <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _environ(scope: Message, body: bytes) -> dict[str, Any]:
    """What PEP 3333 calls the request. Header names with an underscore are left out: they would
    pass for the ones with a hyphen, which a proxy in front may have set or checked."""
    host, port = scope.get("server") or ("127.0.0.1", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        repeated = key in environ and key.startswith("HTTP_")
        environ[key] = f"{environ[key]},{value}" if repeated else value
    return environ
