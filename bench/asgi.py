"""The servers that were candidates (docs/adr/0001-one-asgi-process.md): HTTP in one ASGI process
with sockets, by a pool of threads that run WSGI or by Django's own ASGI handler."""

import os
from typing import Any

from a2wsgi import WSGIMiddleware
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application

wsgi = get_wsgi_application()
threads = WSGIMiddleware(wsgi, workers=int(os.environ.get("HTTP_THREADS", "4")))
_handler = get_asgi_application()


async def handler(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await _handler(scope, receive, send)
