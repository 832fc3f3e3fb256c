"""An SMTP server for tests on a local port, which can hang, refuse and close connections."""

import socketserver
import threading
from email import message_from_bytes
from email.message import Message


class SmtpServer:
    """`recipient_code` is the reply to RCPT, unless `codes` has one for the address; `hangs` sends
    no greeting, and `given_up` counts the clients that stopped waiting for it; `cut_after_data`
    accepts a message and closes before the reply; `before_answer` is called when a message was
    received."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.recipients: list[str] = []
        self.connections = self.given_up = 0
        self.recipient_code = 250
        self.codes: dict[str, int] = {}
        self.hangs = self.cut_after_data = False
        self.before_answer = lambda: None
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.smtp = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    smtp: SmtpServer


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        smtp = self.server.smtp
        smtp.connections += 1
        if smtp.hangs:
            self.rfile.read()
            smtp.given_up += 1
            return
        self.say("220 test")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"QUIT":
                self.say("221 bye")
                return
            if verb == b"RCPT":
                recipient = line.decode().strip()
                smtp.recipients.append(recipient)
                address = recipient.partition("<")[2].partition(">")[0]
                self.say(f"{smtp.codes.get(address, smtp.recipient_code)} answer")
            elif verb == b"DATA":
                self.say("354 go on")
                smtp.messages.append(message_from_bytes(self.content()))
                smtp.before_answer()
                if smtp.cut_after_data:
                    return
                self.say("250 taken")
            else:
                self.say("250 ok")

    def content(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        return b"".join(lines)

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())
