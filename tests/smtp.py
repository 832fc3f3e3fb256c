"""An SMTP server for tests on a local port, which can hang, refuse and close connections."""

import socketserver
import threading
from email import message_from_bytes
from email.message import Message


class SmtpServer:
    """`recipient_code` is the reply to RCPT, unless `codes` has one for the address; `hangs` sends
    no greeting, and `given_up` counts the clients that stopped waiting for it; `cut_after_data`
    accepts a message and closes before the reply, `cuts_at_data` before it;
    `before_answer` is called when a message was received, and `data_code` is the reply to it."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.recipients: list[str] = []
        self.connections = self.given_up = 0
        self.recipient_code = 250
        self.codes: dict[str, int] = {}
        self.data_code = 250
        self.hangs = self.cut_after_data = self.cuts_at_data = False
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
                if smtp.cuts_at_data:
                    return
                self.say("354 go on")
                if (content := self.content()) is None:
                    return
                if smtp.data_code == 250:
                    smtp.messages.append(message_from_bytes(content))
                smtp.before_answer()
                if smtp.cut_after_data:
                    return
                self.say(f"{smtp.data_code} taken")
            else:
                self.say("250 ok")

    def content(self) -> bytes | None:
        """None if the client went away before the end of the message."""
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return None
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())
