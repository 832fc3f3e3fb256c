"""Applications of the candidate servers in docs/adr/0001.

`threads` and `bridge` run WSGI in threads of an ASGI server, `handler` is Django's own ASGI
handler, and `wsgi` is for granian.
"""

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi import build_environ
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application

THREADS = 4
wsgi = get_wsgi_application()
threads = WSGIMiddleware(wsgi, workers=THREADS)
handler = get_asgi_application()
_pool = ThreadPoolExecutor(THREADS)


async def bridge(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Enter a thread once per request; a2wsgi does so once per message."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    environ = build_environ(scope, io.BytesIO(body))
    loop = asyncio.get_running_loop()
    status, headers, content = await loop.run_in_executor(_pool, _call_wsgi, environ)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _call_wsgi(environ: dict[str, Any]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    start: list[Any] = []
    chunks = wsgi(environ, lambda status, headers: start.append((status, headers)))
    content = b"".join(chunks)
    chunks.close()
    status, headers = start[0]
    pairs = [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in headers]
    return int(status[:3]), pairs, content
