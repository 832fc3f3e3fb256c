"""A mail queue in the database: requests store mail and the worker sends it.

With EMAIL_URL, `QueueBackend` is Django's EMAIL_BACKEND, so that allauth's mail is queued too, and
MAIL_TRANSPORT is the backend that sends.
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
from apps.common.models import DailyLimit, OutgoingMail

JOB_NAME = "mail"
INTERVAL = timedelta(seconds=30)  # for retries; new mail is sent at once by `run_soon`
MAX_QUEUED = 2000  # messages
MAX_SIZE = 256 * 1024  # bytes of one message
MAX_AGE = timedelta(days=1)
MAX_ATTEMPTS = 30
MAX_UNCONFIRMED = 2  # attempts during which the process died
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=30), timedelta(hours=1)
LEASE = timedelta(minutes=5)  # after which the process that claimed a message counts as dead
BATCH = 50  # messages per run
SERVICE_CLOSING = 421  # RFC 5321 §3.8: the server ends the connection
_GIVEN_UP = "mail given up"  # a counter among the daily limits
_COUNTED = 1_000_000
log = logging.getLogger("kreida.mail")


class QueueBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        now = timezone.now()
        return _store([_build_row(each, now) for each in email_messages if each.recipients()])


def queue_decoy(message: EmailMessage) -> None:
    """Queue a message that the worker deletes instead of sending it: the request that must not send
    it does the same work as one that does, so that its time tells nothing."""
    row = _build_row(message, timezone.now())
    row.recipients = []
    _store([row])


def _store(rows: list[OutgoingMail]) -> int:
    free = max(0, MAX_QUEUED - OutgoingMail.objects.count())
    accepted = [row for row in rows if len(row.content) <= MAX_SIZE][:free]
    if len(accepted) < len(rows):
        log.error(
            "mail was dropped: the queue is full, or a message is too long",
            extra={"data": {"dropped": len(rows) - len(accepted)}},
        )
    OutgoingMail.objects.bulk_create(accepted)
    transaction.on_commit(lambda: worker.run_soon(JOB_NAME))
    return len(accepted)


def send_queued(now: datetime) -> None:
    """Send the due messages over one connection; stop when the server fails. A refusal of one
    message leaves the others alone."""
    _delete_decoys()
    _drop_expired(now)
    due = list(OutgoingMail.objects.filter(_is_due(now)).order_by("try_at", "pk")[:BATCH])
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
    """Return False if the server failed, so that no further message is tried in this run."""
    claimed_until = timezone.now() + LEASE
    if not mail.claim(claimed_until):
        return True
    try:
        transport.open()
        transport.send_messages([_StoredMessage(mail)])
    except (OSError, smtplib.SMTPException, ValueError) as exc:
        is_permanent = _is_permanent_failure(exc)
        log.warning(
            "mail was not sent",
            extra={
                "data": {"mail": mail.pk, "final": is_permanent, "reason": _describe_failure(exc)}
            },
        )
        if is_permanent:
            mail.delete()
            DailyLimit.use(_GIVEN_UP, _COUNTED, timezone.now())
        else:
            mail.reschedule(claimed_until, timezone.now() + _retry_delay(mail.attempts))
        return _is_refusal_of_message(exc)
    mail.delete()
    return True


def count_given_up(now: datetime) -> int:
    """Return the number of messages of the last day that were never sent."""
    return _COUNTED - DailyLimit.remaining(_GIVEN_UP, _COUNTED, now)


def _delete_decoys() -> None:
    OutgoingMail.objects.filter(recipients=[]).delete()


def _drop_expired(now: datetime) -> None:
    is_expired = Q(created_at__lt=now - MAX_AGE) | Q(attempts__gte=MAX_ATTEMPTS)
    is_expired |= Q(unconfirmed__gte=MAX_UNCONFIRMED)
    dropped, _each = OutgoingMail.objects.filter(is_expired & _is_due(now)).delete()
    if dropped:
        DailyLimit.use(_GIVEN_UP, _COUNTED, now, dropped)
        log.error("mail was given up", extra={"data": {"dropped": dropped}})


def _is_due(now: datetime) -> Q:
    """Mail to be tried later than the longest delay was stored while the clock was wrong."""
    return Q(try_at__lte=now) | Q(try_at__gt=now + 2 * LONGEST_DELAY)


def delete_unsent_mail(now: datetime) -> None:
    """Delete expired mail where EMAIL_URL was removed, because its text may hold reset links."""
    delete_in_batches(OutgoingMail.objects.filter(created_at__lt=now - MAX_AGE))


def _retry_delay(attempts: int) -> timedelta:
    """Return the delay after a failed attempt, by the number of attempts before it."""
    return min(FIRST_DELAY * (1 << min(attempts, 10)), LONGEST_DELAY)


def _is_refusal_of_message(exc: Exception) -> bool:
    """Return True if the server refused this message only and the connection can be used on."""
    if isinstance(exc, smtplib.SMTPRecipientsRefused):
        return all(code != SERVICE_CLOSING for code, _text in exc.recipients.values())
    if isinstance(exc, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return int(exc.smtp_code) != SERVICE_CLOSING
    return isinstance(exc, ValueError)


def _is_permanent_failure(exc: Exception) -> bool:
    """Return True if this message can never be sent (RFC 5321 §4.2.1: reply codes 5yz)."""
    if isinstance(exc, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _text in exc.recipients.values())
    if isinstance(exc, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return int(exc.smtp_code) >= 500
    return isinstance(exc, ValueError)  # an address or header that cannot be written


def _describe_failure(exc: Exception) -> str:
    """Describe a failure for the log, without addresses or text from the server's reply."""
    if isinstance(exc, smtplib.SMTPRecipientsRefused):
        codes = {code for code, _text in exc.recipients.values()}
        return f"{type(exc).__name__} {codes}"
    if isinstance(exc, smtplib.SMTPResponseException):
        return f"{type(exc).__name__} {exc.smtp_code}"
    return f"{type(exc).__name__} {exc.errno}" if isinstance(exc, OSError) else type(exc).__name__


def _build_row(message: EmailMessage, now: datetime) -> OutgoingMail:
    return OutgoingMail(
        sender=message.from_email,
        recipients=message.recipients(),
        content=message.message().as_bytes(),
        created_at=now,
        try_at=now,
    )


class _RawMessage:
    """A stored message with the two methods of `email.message.Message` that transports call."""

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
