"""The one address: HTTP by Django in a pool of threads, sockets by the room, side by side."""

import os
from typing import Any

from a2wsgi import WSGIMiddleware
from django.core.wsgi import get_wsgi_application

from apps.common.chunked import is_chunked, with_length

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django: Any = get_wsgi_application()
http = WSGIMiddleware(django, workers=10)


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        if is_chunked(scope):
            scope, receive = await with_length(scope, receive)
        await http(scope, receive, send)
    elif scope["type"] == "lifespan":
        await _lifespan(receive, send)
    else:
        await send({"type": "websocket.close", "code": 4404})


async def _lifespan(receive: Any, send: Any) -> None:
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
