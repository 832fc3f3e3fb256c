"""Reports to `kreida doctor` alone how its request arrived.

The doctor signs its requests with SECRET_KEY; to all others the path does not exist.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.conf import settings

from apps.common import tokens
from apps.common.addresses import TrustedProxies

PATH = "/doctor/"
PURPOSE, HEADER, WAIT_HEADER = "doctor", "X-Kreida-Doctor", "X-Kreida-Wait"
TOKEN_LIFETIME = timedelta(minutes=2)
MAX_WAIT = 60.0  # seconds
MAX_BODY = 21 * 1024 * 1024
Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]


class Sighting(msgspec.Struct, kw_only=True):
    """The received properties of a request."""

    host: str
    peer: str
    forwarded_for: str
    forwarded_proto: str
    client: str  # the address that counts
    is_trusted: bool  # whether the peer is of TRUSTED_PROXIES
    scheme: str  # as far as it is known
    body: int  # bytes


def sign(now: datetime) -> str:
    return tokens.sign(PURPOSE, {}, expires_at=now + TOKEN_LIFETIME)


class DoctorProbe:
    """ASGI middleware around `TrustedProxies`, which removes what has to be looked at."""

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        is_probe = scope["type"] == "http" and scope["path"] == PATH
        if is_probe and _is_signed(_header(scope, HEADER)):
            await _answer(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _is_signed(token: str) -> bool:
    try:
        tokens.read(PURPOSE, token)
    except (tokens.BadToken, tokens.ExpiredToken):
        return False
    return True


async def _answer(scope: Scope, receive: Any, send: Any) -> None:
    size, more = 0, True
    while more and size <= MAX_BODY:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message.get("body", b""))
        more = bool(message.get("more_body"))
    await asyncio.sleep(_seconds(_header(scope, WAIT_HEADER)))
    content = msgspec.json.encode(await _look_at(scope, size))
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    headers.append((b"content-length", str(len(content)).encode()))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def _look_at(scope: Scope, size: int) -> Sighting:
    seen: Scope = {**scope, "headers": list(scope["headers"])}
    proxies = TrustedProxies(_ignore, settings.TRUSTED_PROXIES)
    await proxies(seen, None, None)
    peer = (scope.get("client") or ("",))[0]
    return Sighting(
        host=_header(scope, "Host"),
        peer=peer,
        forwarded_for=_header(scope, "X-Forwarded-For"),
        forwarded_proto=_header(scope, "X-Forwarded-Proto"),
        client=(seen.get("client") or ("",))[0],
        is_trusted=proxies.is_proxy(peer),
        scheme=_header(seen, "X-Forwarded-Proto") or str(scope.get("scheme", "http")),
        body=size,
    )


async def _ignore(_scope: Scope, _receive: Any, _send: Any) -> None:
    pass


def _header(scope: Scope, name: str) -> str:
    wanted = name.lower().encode()
    return ",".join(value.decode("latin-1") for key, value in scope["headers"] if key == wanted)


def _seconds(text: str) -> float:
    return min(float(text), MAX_WAIT) if text.isascii() and text.isdecimal() else 0.0
