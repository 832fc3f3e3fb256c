"""A push service on loopback: it checks the VAPID token and decrypts what it gets."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue

import http_ece
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from apps.accounts.notifications.vapid import decode_base64, encode_base64


@dataclass
class Browser:
    """The keys that a browser makes when it subscribes."""

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    secret: bytes = b"0123456789abcdef"

    @property
    def keys(self) -> dict[str, str]:
        point = self.private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        return {"p256dh": encode_base64(point), "auth": encode_base64(self.secret)}

    def decrypt(self, content: bytes) -> dict[str, str]:
        return json.loads(
            http_ece.decrypt(content, private_key=self.private, auth_secret=self.secret)
        )


class PushService:
    """Answers with `statuses` in turn, then with 201; `received` has the decrypted messages."""

    def __init__(self) -> None:
        self.browser = Browser()
        self.statuses: list[int] = []
        self.headers_of_answers: dict[str, str] = {}
        self.received: Queue[tuple[dict[str, str], dict[str, str]]] = Queue()
        self.requests = 0
        self.on_message: Callable[[], None] = lambda: None  # before it is answered
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "PushService":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def endpoint(self) -> str:
        return f"{self.origin}/send/secret"

    def messages(self) -> list[dict[str, str]]:
        return [self.received.get_nowait()[0] for _each in range(self.received.qsize())]

    def _handler(service: "PushService") -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                service.requests += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = service.statuses.pop(0) if service.statuses else 201
                if status < 300:
                    check_vapid(self.headers["Authorization"], service.origin)
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    service.received.put((service.browser.decrypt(body), headers))
                    service.on_message()
                self.send_response(status)
                for name, value in service.headers_of_answers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        return Handler


def check_vapid(header: str, origin: str) -> dict[str, object]:
    """Verify the header as RFC 8292 says; raises if anything is wrong."""
    scheme, _space, rest = header.partition(" ")
    assert scheme == "vapid"
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode_base64(parts["k"]))
    claims = jwt.decode(parts["t"], key, algorithms=["ES256"], audience=origin)
    assert claims["sub"].startswith(("mailto:", "https://"))
    return claims
