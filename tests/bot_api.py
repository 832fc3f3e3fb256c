"""A stand-in of Telegram's Bot API on loopback."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "123456789:AAF-a-token-of-the-right-length-00"


class BotApi:
    """Holds updates until they are confirmed by a higher offset, as Telegram does."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        self.sent: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.on_message: Callable[[], None] = lambda: None  # before it is answered
        self.failures: list[tuple[int, dict[str, Any]]] = []  # answers to the next messages
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "BotApi":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def write(self, text: str, chat: int = 70, kind: str = "private", language: str = "uk") -> None:
        """Deliver a message from a chat to the bot."""
        self.add(
            message={
                "chat": {"id": chat, "type": kind},
                "from": {"language_code": language},
                "text": text,
            }
        )

    def add(self, **update: Any) -> None:
        self.updates.append({"update_id": 100 + len(self.updates), **update})

    def answer(self, path: str, parameters: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        token, _slash, method = path.removeprefix("/bot").partition("/")
        self.calls.append(method)
        if token != TOKEN:
            return 401, {"ok": False, "error_code": 401}
        if method == "getMe":
            return 200, {"ok": True, "result": {"username": "kreida_test_bot"}}
        if method == "getUpdates":
            waiting = [u for u in self.updates if u["update_id"] >= parameters["offset"]]
            return 200, {"ok": True, "result": waiting[: parameters["limit"]]}
        if self.failures:
            return self.failures.pop(0)
        self.sent.append(parameters)
        self.on_message()
        return 200, {"ok": True, "result": {"message_id": len(self.sent)}}

    def _handler(api: "BotApi") -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, content = api.answer(self.path, body)
                if status == 0:  # the connection is lost without an answer
                    return
                sent = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, *_args: object) -> None:
                pass

        return Handler
