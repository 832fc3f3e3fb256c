"""HTTP and sockets in one ASGI application: `uvicorn config.asgi:application`."""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from a2wsgi import WSGIMiddleware
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django = get_wsgi_application()  # sets Django up, before anything of it is imported

from apps.classroom.realtime.app import application as rooms  # noqa: E402
from apps.classroom.realtime.hub import Hub  # noqa: E402
from apps.common.middleware import MAX_UPLOAD  # noqa: E402

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HTTP_THREADS = 8
http = WSGIMiddleware(django, workers=HTTP_THREADS)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await rooms(scope, receive, send)
    elif scope["type"] == "lifespan":
        await lifespan(receive, send)
    else:
        await http(*await with_length(scope, receive), send)


async def lifespan(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    if Hub.current is not None:
        await Hub.current.stop()
    await send({"type": "lifespan.shutdown.complete"})


async def with_length(scope: Scope, receive: Receive) -> tuple[Scope, Receive]:
    """WSGI knows no body without a length: a chunked one is read first, as far as any limit
    reaches. What is longer goes on as its first too many bytes, for BodyLimit to refuse."""
    names = {name for name, _value in scope["headers"]}
    if b"content-length" in names or b"transfer-encoding" not in names:
        return scope, receive
    body, more = bytearray(), True
    while more and len(body) <= MAX_UPLOAD:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = [pair for pair in scope["headers"] if pair[0] != b"transfer-encoding"]
    headers.append((b"content-length", str(len(body)).encode()))

    async def replay() -> Message:
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return {**scope, "headers": headers}, replay
