"""Django's HTTP in a pool of threads, beside the event loop that serves the sockets.

docs/adr/0001 says why, and why not by a package.
"""

import asyncio
import re
import sys
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import IO, Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from apps.common.errors import DomainError, service_unavailable
from apps.common.failures import dependency_failure, refusal_messages
from apps.common.languages import language_of
from apps.common.paths import plain_path
from apps.common.request_body import BODY_IS_PENDING, BodyBuffers, RequestBody

# In the environ (so in request.META) of a request that the password lane had no room for.
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
QUEUE_SECONDS = 15.0  # that a request may wait for a thread; passwords take longest
RUN_SECONDS = 30.0  # that a client waits for its answer once a thread has its request


class Lane:
    """Some threads, and the queue in front of them; `service_unavailable` when it takes long."""

    def __init__(self, threads: int, name: str) -> None:
        self.threads = threads
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._free = asyncio.Semaphore(threads)

    async def run(self, function: Callable[..., Any], *args: Any) -> Any:
        """A thread that does not end in time stays taken until it does."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._free = loop, asyncio.Semaphore(self.threads)
        free = self._free
        try:
            async with asyncio.timeout(QUEUE_SECONDS):
                await free.acquire()
        except TimeoutError:
            raise service_unavailable() from None
        future: Future[Any] = self.pool.submit(function, *args)
        future.add_done_callback(lambda _done: _release(loop, free))
        waiter = asyncio.wrap_future(future)
        done, _pending = await asyncio.wait({waiter}, timeout=RUN_SECONDS)
        if not done:
            waiter.add_done_callback(lambda late: late.cancelled() or late.exception())
            raise service_unavailable()
        return waiter.result()


def _release(loop: asyncio.AbstractEventLoop, free: asyncio.Semaphore) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(free.release)


class InThreads:
    """Django's WSGI handler as an ASGI application.

    A request goes to a thread once, when its body has arrived, and comes back once, when its
    answer is whole: no thread waits for a slow client, and little time goes into handing over.
    Only a streamed answer is fetched piece by piece. Requests that may hash a password have few
    threads of their own, so that however many sign in at once, the others are answered; static
    files have theirs, so that they do not wait behind what waits for the database.
    """

    def __init__(self, django: Any, threads: int) -> None:
        self.django = django
        self.pages = Lane(threads, "http")
        self.static = Lane(2, "static")
        self.password_lane = Lane(PASSWORD_THREADS, "password")
        self.passwords = 0  # requests waiting for that lane or running in it
        self.buffers = BodyBuffers()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        scope = {**scope, "path": plain_path(scope["path"]), "method": scope["method"].upper()}
        body = RequestBody(self.buffers)
        started = False

        async def send_once_started(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._respond(scope, receive, send_once_started, body)
        except (DomainError, OSError) as exc:
            failure = exc if isinstance(exc, DomainError) else dependency_failure(exc)
            if failure is None or started:
                raise
            with translation.override(language_of(scope["headers"])):
                failure.detail = gettext(failure.detail)
                messages = refusal_messages(scope["path"], failure)
            for message in messages:
                await send(message)
        finally:
            body.close()

    async def _respond(
        self, scope: Message, receive: Receive, send: Send, body: RequestBody
    ) -> None:
        lane = self.static if scope["path"].startswith(settings.STATIC_URL) else self.pages

        async def authorise() -> bool:
            """Asks Django with the headers alone; its refusal is the answer."""
            environ = {**_environ(scope, body.file, 0), BODY_IS_PENDING: True}
            start, content, _streamed = await lane.run(self._answer, environ)
            if start["status"] == 100:
                return True
            await send(start)
            await send({"type": "http.response.body", "body": content})
            return False

        if not await body.read(scope, receive, authorise):
            return
        environ = _environ(scope, body.file, body.size)
        if scope["method"] == "POST" and _PASSWORDS.match(scope["path"]):
            start, content, streamed = await self._answer_password(environ)
        else:
            start, content, streamed = await lane.run(self._answer, environ)
        await send(start)
        if streamed is not None:
            pieces = iter(streamed)
            try:
                while content := await lane.run(_some, pieces):
                    await send({"type": "http.response.body", "body": content, "more_body": True})
            finally:
                await lane.run(streamed.close)
        await send({"type": "http.response.body", "body": content})

    async def _answer_password(self, environ: dict[str, Any]) -> Any:
        if self.passwords >= PASSWORD_QUEUE:
            environ[PASSWORDS_BUSY] = True  # answered 429 by SignInAnswers, which hashes nothing
            return await self.pages.run(self._answer, environ)
        self.passwords += 1
        try:
            return await self.password_lane.run(self._answer, environ)
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


def _environ(scope: Message, body: IO[bytes], size: int) -> dict[str, Any]:
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
        "CONTENT_LENGTH": str(size),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
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
