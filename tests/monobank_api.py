"""A stand-in of monobank's acquiring API on loopback, written from its public documentation."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "u-a-token-of-a-merchant-of-tests"


class MonobankApi:
    """`states` has the status of each invoice, by its id."""

    def __init__(self) -> None:
        self.orders: list[dict[str, Any]] = []
        self.states: dict[str, str] = {}
        self.checks = 0
        self.failures: list[tuple[int, bytes]] = []  # answers to the next calls
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "MonobankApi":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def create(self, order: dict[str, Any]) -> dict[str, Any]:
        self.orders.append(order)
        invoice = f"p2_{len(self.orders)}"
        self.states[invoice] = "created"
        return {"invoiceId": invoice, "pageUrl": f"https://pay.mbnk.biz/{invoice}"}

    def status(self, invoice: str) -> dict[str, Any]:
        self.checks += 1
        return {"invoiceId": invoice, "status": self.states[invoice]}

    def _handler(api: "MonobankApi") -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.answer("/api/merchant/invoice/create", lambda: api.create(json.loads(body)))

            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                path = "/api/merchant/invoice/status"
                self.answer(path, lambda: api.status(query["invoiceId"][0]))

            def answer(self, path: str, make: Any) -> None:
                if api.failures:
                    self.send(*api.failures.pop(0))
                elif self.headers["X-Token"] != TOKEN:
                    self.send(403, b'{"errCode": "FORBIDDEN"}')
                elif urlsplit(self.path).path != path:
                    self.send(404, b"{}")
                else:
                    self.send(200, json.dumps(make()).encode())

            def send(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: object) -> None:
                pass

        return Handler
