"""`/metrics` for Prometheus: for this machine, or for whoever has METRICS_TOKEN; never public."""

import asyncio
import hmac
import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.db import connections

from apps.operations.watching.readings import Sockets, read_sockets
from config.hosts import is_loopback

PATH = "/metrics"
Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]


class MetricsApp:
    """ASGI middleware around `TrustedProxies`: only a request that no proxy has forwarded is of
    this machine. Whoever may not read the metrics gets what is at any path that leads nowhere."""

    def __init__(self, app: Application) -> None:
        self.app = app
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="metrics")

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == PATH and may_read(scope):
            await self._answer(send)
        else:
            await self.app(scope, receive, send)

    async def _answer(self, send: Any) -> None:
        sockets = read_sockets()  # of the event loop, which changes them
        loop = asyncio.get_running_loop()
        content, kind = await loop.run_in_executor(self._pool, _collect, sockets)
        headers = [(b"content-type", kind.encode()), (b"cache-control", b"no-store")]
        headers.append((b"content-length", str(len(content)).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})


def may_read(scope: Scope) -> bool:
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    if settings.METRICS_TOKEN:
        given = headers.get(b"authorization", "").encode()
        return hmac.compare_digest(given, f"Bearer {settings.METRICS_TOKEN}".encode())
    is_forwarded = any(name == b"forwarded" or name.startswith(b"x-forwarded-") for name in headers)
    host = headers.get(b"host", "").rpartition(":")[0] or headers.get(b"host", "")
    return not is_forwarded and is_loopback(host) and _is_this_machine(scope)


def _is_this_machine(scope: Scope) -> bool:
    try:
        return ipaddress.ip_address((scope.get("client") or ("",))[0]).is_loopback
    except ValueError:
        return False


def _collect(sockets: Sockets) -> tuple[bytes, str]:
    from apps.operations.watching.metrics import render  # noqa: PLC0415 -- of nobody, no import

    try:
        return render(sockets)
    finally:
        connections.close_all()
