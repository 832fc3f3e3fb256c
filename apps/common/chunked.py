"""Bodies that come in chunks, without a length (RFC 9112 §7.1), which WSGI has no word for."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from apps.common.middleware import MAX_UPLOAD

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


def is_chunked(scope: Message) -> bool:
    return any(name == b"transfer-encoding" for name, _value in scope["headers"])


async def with_length(scope: Message, receive: Receive) -> tuple[Message, Receive]:
    """The same request with its body read and its length told.

    Reading ends once the body is too large for any address; BodyLimit then refuses it by the
    length alone.
    """
    body = b""
    more = True
    while more and len(body) <= MAX_UPLOAD:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    length = (b"content-length", str(len(body)).encode())
    headers = [pair for pair in scope["headers"] if pair[0] != b"transfer-encoding"]

    async def read_body() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return {**scope, "headers": [*headers, length]}, read_body
