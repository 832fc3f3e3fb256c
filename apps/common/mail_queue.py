"""Mail is stored by the request and sent by the worker: no mail server can hold a request up.

`QueueBackend` is Django's EMAIL_BACKEND where EMAIL_URL is set, so allauth's mail takes this way
too; MAIL_TRANSPORT is the backend that sends.
"""

import contextlib
import logging
import smtplib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.common import worker
from apps.common.db import delete_in_batches
from apps.common.models import OutgoingMail

JOB_NAME = "mail"
INTERVAL = timedelta(seconds=30)  # for retries; what this process queues is sent at once
MAX_QUEUED = 2000  # messages
MAX_SIZE = 256 * 1024  # bytes of one message
MAX_AGE = timedelta(days=1)
MAX_ATTEMPTS = 30
MAX_UNCONFIRMED = 2  # attempts that the process did not survive
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=30), timedelta(hours=1)
LEASE = timedelta(minutes=5)  # after which a process that has not answered is taken for dead
BATCH = 50  # messages a run
log = logging.getLogger("kreida.mail")


class QueueBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        now = timezone.now()
        room = max(0, MAX_QUEUED - OutgoingMail.objects.count())
        rows = [_row(message, now) for message in email_messages if message.recipients()]
        fitting = [row for row in rows if len(row.content) <= MAX_SIZE][:room]
        if len(fitting) < len(rows):
            log.error(
                "mail was dropped: the queue is full, or a message is too long",
                extra={"data": {"dropped": len(rows) - len(fitting)}},
            )
        OutgoingMail.objects.bulk_create(fitting)
        transaction.on_commit(lambda: worker.run_soon(JOB_NAME))
        return len(fitting)


def send_queued(now: datetime) -> None:
    """The worker's job: what is due, over one connection; a server that fails ends the run."""
    _give_up(now)
    due = list(OutgoingMail.objects.filter(try_at__lte=now).order_by("try_at", "pk")[:BATCH])
    transport = get_connection(settings.MAIL_TRANSPORT)
    try:
        for mail in due:
            if worker.is_stopping() or not _send(mail, transport):
                return
    finally:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            transport.close()
    if len(due) == BATCH:
        worker.run_soon(JOB_NAME)


def _send(mail: OutgoingMail, transport: BaseEmailBackend) -> bool:
    """Whether the server can be asked to send another."""
    claimed_until = timezone.now() + LEASE
    if not mail.claim(claimed_until):
        return True
    try:
        transport.open()
        transport.send_messages([_StoredMessage(mail)])
    except (OSError, smtplib.SMTPException, ValueError) as exc:
        is_own_fault = _is_final(exc)
        log.warning(
            "mail was not sent",
            extra={"data": {"mail": mail.pk, "final": is_own_fault, "reason": _reason(exc)}},
        )
        if is_own_fault:
            mail.delete()
        else:
            mail.put_back(claimed_until, timezone.now() + _delay(mail.attempts))
        return is_own_fault
    mail.delete()
    return True


def _give_up(now: datetime) -> None:
    is_spent = Q(created_at__lt=now - MAX_AGE) | Q(attempts__gte=MAX_ATTEMPTS)
    is_spent |= Q(unconfirmed__gte=MAX_UNCONFIRMED)
    dropped, _each = OutgoingMail.objects.filter(is_spent, try_at__lte=now).delete()
    if dropped:
        log.error("mail was given up", extra={"data": {"dropped": dropped}})


def delete_leftovers(now: datetime) -> None:
    """For servers whose EMAIL_URL was taken away: nobody sends what waits, and it is secret."""
    delete_in_batches(OutgoingMail.objects.filter(created_at__lt=now - MAX_AGE))


def _delay(attempts: int) -> timedelta:
    """After so many attempts before the last one."""
    return min(FIRST_DELAY * (1 << min(attempts, 10)), LONGEST_DELAY)


def _is_final(exc: Exception) -> bool:
    """Whether the server refuses this very message for good (RFC 5321 §4.2.1: codes 5yz)."""
    if isinstance(exc, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _text in exc.recipients.values())
    if isinstance(exc, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return int(exc.smtp_code) >= 500
    return isinstance(exc, ValueError)  # an address or header that cannot be written


def _reason(exc: Exception) -> str:
    """Without the addresses and texts that servers repeat in their answers."""
    if isinstance(exc, smtplib.SMTPRecipientsRefused):
        codes = {code for code, _text in exc.recipients.values()}
        return f"{type(exc).__name__} {codes}"
    if isinstance(exc, smtplib.SMTPResponseException):
        return f"{type(exc).__name__} {exc.smtp_code}"
    return f"{type(exc).__name__} {exc.errno}" if isinstance(exc, OSError) else type(exc).__name__


def _row(message: EmailMessage, now: datetime) -> OutgoingMail:
    return OutgoingMail(
        sender=message.from_email,
        recipients=message.recipients(),
        content=message.message().as_bytes(),
        created_at=now,
        try_at=now,
    )


class _RawMessage:
    """The message as it was made, its id included; all that transports ask of one."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def as_bytes(self, unixfrom: bool = False, linesep: str = "\n") -> bytes:
        return self._content.replace(b"\n", linesep.encode())

    def get_charset(self) -> None:
        return None


class _StoredMessage(EmailMessage):
    def __init__(self, mail: OutgoingMail) -> None:
        super().__init__(from_email=mail.sender, to=mail.recipients)
        self._raw = _RawMessage(bytes(mail.content))

    def message(self, **_policy: Any) -> Any:
        return self._raw
