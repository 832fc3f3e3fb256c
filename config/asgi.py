"""The one address: HTTP by Django in a pool of threads, sockets by the room, side by side."""

import os
from typing import Any

from django.core.wsgi import get_wsgi_application

from apps.common.threads import InThreads

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
http = InThreads(get_wsgi_application(), threads=4)


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await http(scope, receive, send)
    elif scope["type"] == "lifespan":
        await _lifespan(receive, send)
    else:
        await send({"type": "websocket.close", "code": 4404})


async def _lifespan(receive: Any, send: Any) -> None:
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
