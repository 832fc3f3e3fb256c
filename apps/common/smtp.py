"""An SMTP transport that says when a message passes to the server's responsibility.

Until the line that ends a message the server must not deliver it (RFC 5321 §4.1.1.4), so that an
attempt that fails earlier can be repeated. Between that line and the server's reply nobody on this
side knows whether the message was delivered (RFC 1047).
"""

import re
import smtplib
import socket
from collections.abc import Callable
from typing import Any

from django.core.mail.backends.smtp import EmailBackend

ACCEPT_TIMEOUT = 25.0  # seconds for the reply after a message, while servers look for viruses
READY = 354


class _Connection(smtplib.SMTP):
    """Calls `before_end` between a message and the line that ends it."""

    before_end: Callable[[], None] = staticmethod(lambda: None)

    def data(self, msg: Any) -> tuple[int, bytes]:
        code, reply = self.docmd("DATA")
        if code != READY:
            raise smtplib.SMTPDataError(code, reply)
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        content = re.sub(rb"(?m)^\.", b"..", msg)
        self.send(content if content.endswith(b"\r\n") else content + b"\r\n")
        try:
            self.before_end()
        except BaseException:
            self.close()  # without QUIT, which would be taken for text of the message
            raise
        self.sock.settimeout(ACCEPT_TIMEOUT)
        self.send(b".\r\n")
        answer = self.getreply()
        self.sock.settimeout(self.timeout)
        return answer


class _TlsConnection(_Connection, smtplib.SMTP_SSL):
    pass


class SmtpTransport(EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _TlsConnection if self.use_ssl else _Connection

    def call_before_end(self, before_end: Callable[[], None]) -> None:
        """Set what is called before the end of the next message; the connection must be open."""
        if isinstance(self.connection, _Connection):
            self.connection.before_end = before_end
