"""uvicorn's HTTP protocol, whose own refusals are JSON as every other answer of the API is."""

import json
import sys

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class JsonRefusals(HttpToolsProtocol):
    """What the parser does not take for HTTP never reaches Django: it is answered here."""

    def send_400_response(self, msg: str) -> None:
        """Called while the parser's error is being handled; a method that it does not know is
        `method_not_allowed`, anything else malformed."""
        if isinstance(sys.exc_info()[1], httptools.HttpParserInvalidMethodError):
            status, code, detail = "405 Method Not Allowed", "method_not_allowed", "No such method."
        else:
            status, code, detail = "400 Bad Request", "validation_error", "This is not HTTP."
        body: dict[str, object] = {"error": code, "detail": detail}
        if code == "validation_error":
            body["fields"] = {}
        content = json.dumps(body).encode()
        head = (
            f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(content)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + content)
        self.transport.close()
