"""Client addresses behind trusted proxies, resolved before Django or a socket sees a request."""

import ipaddress
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request

Scope = MutableMapping[str, Any]
Application = Callable[[Scope, Any, Any], Awaitable[None]]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def client_address(request: HttpRequest | Request) -> str:
    """Return the client's address as resolved by `TrustedProxies`; "" for a Unix socket."""
    return str(request.META.get("REMOTE_ADDR") or "")


def address_key(address: str) -> str:
    """Return what limits count for a client's address: an IPv6 address's /64, since one household
    usually has all of it; an IPv4 address itself."""
    parsed = parse_address(address)
    if parsed is None:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed.packed, 64), strict=False))


class TrustedProxies:
    """ASGI middleware that sets `scope["client"]` from `X-Forwarded-For` of trusted proxies.

    Each proxy appends the address of its peer, so the client is the right-most address that is not
    a proxy's; the client could have written anything to the left of it. `X-Forwarded-*` headers of
    other peers are removed, and `X-Forwarded-For` always, so that no later code interprets it.
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
        is_trusted = self.is_proxy(peer)
        scope["headers"] = [
            (name, value)
            for name, value in scope["headers"]
            if not name.startswith(b"x-forwarded-")
        ]
        if not is_trusted:
            return
        entries = b",".join(forwarded).decode("latin-1").split(",")
        scope["client"] = (self._find_client(peer, entries), 0)
        # Of several values Django reads the first one, too. Another word than these is dropped.
        protocol = b",".join(protocols).split(b",")[0].strip().lower()
        if protocol in (b"http", b"https"):
            scope["headers"].append((b"x-forwarded-proto", protocol))
            if scope["type"] == "http":
                scope["scheme"] = protocol.decode()

    def _find_client(self, peer: str, entries: list[str]) -> str:
        nearest = peer
        for entry in reversed(entries):
            address = parse_address(entry)
            if address is None:
                break  # entries to the left of a malformed one are not trustworthy
            nearest = str(address)
            if not self.is_proxy(nearest):
                break
        return nearest

    def is_proxy(self, peer: str) -> bool:
        if not peer:
            return True  # a Unix socket, open to the proxy on this machine only
        address = parse_address(peer)
        return address is not None and any(address in network for network in self.networks)


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Parse an address with or without a port; an IPv4-mapped IPv6 address becomes IPv4."""
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
