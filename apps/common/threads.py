"""Run Django's HTTP requests in thread pools, beside the event loop that serves the sockets.

docs/adr/0001 gives the reasons, and why no package does this.
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

from apps.common.dependency_failures import dependency_failure, refusal_messages
from apps.common.errors import DomainError, service_unavailable
from apps.common.languages import negotiate_language
from apps.common.paths import normalize_path
from apps.common.request_body import BODY_IS_PENDING, BodyBuffers, RequestBody

# Set in the environ (request.META) of a request that finds the queue for passwords full.
HASHING_QUEUE_FULL = "kreida.hashing_queue_full"
PASSWORD_THREADS = 2
PASSWORD_QUEUE = 24  # requests waiting or running; each takes about half a second
# Requests that may hash a password, which is slow: sign-in, sign-up, changes, resets.
_PASSWORD_PATHS = re.compile(r"^/(accounts|_allauth|admin/accounts/user)/(?!app/v1/tokens/)")
SLOW_THREADS = 4
# What may take seconds: files that are read or written, other servers that are asked, series.
_SLOW_PATHS = re.compile(
    r"^/(feeds/|payments/bank/|series/|students/import/|lessons/\d+/changes/"
    r"|settings/external-calendars/|statements/\d+/[^/]+/(csv|pdf)/"
    r"|(api/)?tutors/\d+/(slots|book)|lessons/\d+/move/|t/"
    r"|api/(lesson-series|me/external-calendars|reports)/)"
)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

CHUNKS_PER_READ = 64  # chunks of a streamed file (4 KiB each) read per visit to a thread
QUEUE_SECONDS = 15.0  # longest wait for a free thread
RUN_SECONDS = 30.0  # longest wait for the response once a thread runs the request


class BoundedThreadPool:
    """A thread pool with bounds on the time spent waiting for a thread and for the result."""

    def __init__(self, threads: int, name: str) -> None:
        self.threads = threads
        self.executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._free = asyncio.Semaphore(threads)

    async def run(self, function: Callable[..., Any], *args: Any) -> Any:
        """Run `function` in a thread. Raises `service_unavailable` after QUEUE_SECONDS in the
        queue or RUN_SECONDS in the thread, which stays busy until the function returns."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._free = loop, asyncio.Semaphore(self.threads)
        free = self._free
        try:
            async with asyncio.timeout(QUEUE_SECONDS):
                await free.acquire()
        except TimeoutError:
            raise service_unavailable() from None
        future: Future[Any] = self.executor.submit(function, *args)
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


class WsgiToAsgi:
    """Django's WSGI handler as an ASGI application.

    A request enters a thread once its body has arrived and leaves it with the whole response, so
    that no thread waits for a slow client. Only streamed responses are read in several visits.
    Password requests have a small pool of their own, so that many sign-ins at once do not block
    other requests, so have requests that may take seconds, and static files have one, so that they
    never wait behind database queries.
    """

    def __init__(self, django: Any, threads: int) -> None:
        self.django = django
        self.page_pool = BoundedThreadPool(threads, "http")
        self.static_pool = BoundedThreadPool(2, "static")
        self.slow_pool = BoundedThreadPool(SLOW_THREADS, "slow")
        self.password_pool = BoundedThreadPool(PASSWORD_THREADS, "password")
        self.password_requests = 0  # waiting for `password_pool` or running in it
        self.buffers = BodyBuffers()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        scope = {**scope, "path": normalize_path(scope["path"]), "method": scope["method"].upper()}
        body = RequestBody(self.buffers, (scope.get("client") or ("",))[0])
        started = False

        async def send_and_record_start(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._respond(scope, receive, send_and_record_start, body)
        except (DomainError, OSError) as exc:
            failure = exc if isinstance(exc, DomainError) else dependency_failure(exc)
            if failure is None or started:
                raise
            with translation.override(negotiate_language(scope["headers"])):
                failure.detail = gettext(failure.detail)
                messages = refusal_messages(scope["path"], failure)
            for message in messages:
                await send(message)
        finally:
            body.close()

    async def _respond(
        self, scope: Message, receive: Receive, send: Send, body: RequestBody
    ) -> None:
        pool = self._choose_pool(scope["path"])

        async def authorise() -> bool:
            """Call Django with the headers only; send its response unless it is 100 Continue."""
            environ = {**_build_environ(scope, body.file, 0), BODY_IS_PENDING: True}
            start, content, _streamed = await pool.run(self._call_django, environ)
            if start["status"] == 100:
                return True
            await send(start)
            await send({"type": "http.response.body", "body": content})
            return False

        if not await body.read(scope, receive, authorise):
            return
        environ = _build_environ(scope, body.file, body.size)
        if scope["method"] == "POST" and _PASSWORD_PATHS.match(scope["path"]):
            start, content, streamed = await self._run_password_request(environ)
        else:
            start, content, streamed = await pool.run(self._call_django, environ)
        await send(start)
        if streamed is not None:
            chunks = iter(streamed)
            try:
                while content := await pool.run(_read_chunks, chunks):
                    await send({"type": "http.response.body", "body": content, "more_body": True})
            finally:
                await pool.run(streamed.close)
        await send({"type": "http.response.body", "body": content})

    def _choose_pool(self, path: str) -> BoundedThreadPool:
        if path.startswith(settings.STATIC_URL):
            return self.static_pool
        return self.slow_pool if _SLOW_PATHS.match(path) else self.page_pool

    async def _run_password_request(self, environ: dict[str, Any]) -> Any:
        if self.password_requests >= PASSWORD_QUEUE:
            environ[HASHING_QUEUE_FULL] = True  # makes SignInResponseMiddleware answer 429
            return await self.page_pool.run(self._call_django, environ)
        self.password_requests += 1
        try:
            return await self.password_pool.run(self._call_django, environ)
        finally:
            self.password_requests -= 1

    def _call_django(self, environ: dict[str, Any]) -> tuple[Message, bytes, Any]:
        """Run in a thread. Returns the start message, and either the content or the response that
        streams it."""
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


def _read_chunks(chunks: Iterator[bytes]) -> bytes:
    return b"".join(islice(chunks, CHUNKS_PER_READ))


def _build_environ(scope: Message, body: IO[bytes], size: int) -> dict[str, Any]:
    """Return the WSGI environ (PEP 3333), without headers that have an underscore in their name:
    WSGI cannot tell them from headers with a hyphen, which a proxy may have set or checked."""
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
        is_repeated = key in environ and key.startswith("HTTP_")
        environ[key] = f"{environ[key]},{value}" if is_repeated else value
    if "HTTP_COOKIE" in environ:
        # Python before 3.11.10 takes quadratic time for them (CVE-2024-7592); Kreida sets none.
        environ["HTTP_COOKIE"] = environ["HTTP_COOKIE"].replace("\\", "")
    return environ
