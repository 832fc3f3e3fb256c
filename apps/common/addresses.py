"""Whose address a request comes from, decided once, before Django or a socket sees it."""

import ipaddress
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from django.http import HttpRequest

Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def client_address(request: HttpRequest) -> str:
    """The client's own address, never a proxy's; "" where there is none (a Unix socket)."""
    return str(request.META.get("REMOTE_ADDR") or "")


class TrustedProxies:
    """An ASGI application behind `proxies`: `scope["client"]` becomes the client that they name.

    Each proxy appends the address it was asked from, so the client is the right-most one that is
    no proxy; whatever stands left of it was written by the client. Headers of anybody else are
    removed, and `X-Forwarded-For` always, so that nothing behind reads it a second way.
    """

    def __init__(self, app: Application, proxies: Iterable[str]) -> None:
        self.app = app
        self.networks: list[Network] = [ipaddress.ip_network(proxy) for proxy in proxies]

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] in ("http", "websocket"):
            self._resolve(scope)
        await self.app(scope, receive, send)

    def _resolve(self, scope: Scope) -> None:
        forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        protocols = [value for name, value in scope["headers"] if name == b"x-forwarded-proto"]
        peer = (scope.get("client") or ("",))[0]
        trusted = self._is_proxy(peer)
        scope["headers"] = [
            (name, value)
            for name, value in scope["headers"]
            if not name.startswith(b"x-forwarded-") or (trusted and name == b"x-forwarded-proto")
        ]
        if not trusted:
            return
        named = b",".join(forwarded).decode("latin-1").split(",")
        scope["client"] = (self._client(peer, named), 0)
        if protocols and scope["type"] == "http":
            scope["scheme"] = "https" if protocols[-1].strip().lower() == b"https" else "http"

    def _client(self, peer: str, named: list[str]) -> str:
        nearest = peer
        for entry in reversed(named):
            address = parse_address(entry)
            if address is None:
                break  # nothing left of it can be believed
            nearest = str(address)
            if not self._is_proxy(nearest):
                break
        return nearest

    def _is_proxy(self, peer: str) -> bool:
        if not peer:
            return True  # a Unix socket, which only the proxy on this machine may open
        address = parse_address(peer)
        return address is not None and any(address in network for network in self.networks)


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """With or without a port; an IPv4 address mapped into IPv6 is the IPv4 one."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
