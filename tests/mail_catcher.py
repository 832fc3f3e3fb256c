"""A complete SMTP server (aiosmtpd) on a local port, which tells a test what it is doing."""

import email
import email.policy
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from tests.server import free_port

STEPS = ("connect", "mail", "rcpt", "data", "accepted", "replied")


class MailCatcher:
    """`on_step` is called from the server's thread with one of STEPS: before the greeting, after
    MAIL, RCPT and DATA, when a message was accepted, and after the reply that says so."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.on_step: Callable[[str], object] = lambda _step: None
        self._controller = _Controller(_Handler(self), hostname="127.0.0.1", port=free_port())
        self._controller.start()
        assert self._controller.server is not None
        self.port = self._controller.server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._controller.stop()


class _Handler:
    def __init__(self, catcher: MailCatcher) -> None:
        self.catcher = catcher

    async def handle_MAIL(  # noqa: N802 (named by aiosmtpd)
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        self.catcher.on_step("mail")
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        self.catcher.on_step("rcpt")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.catcher.messages.append(message)
        self.catcher.on_step("accepted")
        return "250 accepted"


class _Smtp(SMTP):
    def connection_made(self, transport: Any) -> None:
        self.event_handler.catcher.on_step("connect")
        super().connection_made(transport)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        self.event_handler.catcher.on_step("data")
        await super().smtp_DATA(arg)
        self.event_handler.catcher.on_step("replied")


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Smtp(self.handler)
