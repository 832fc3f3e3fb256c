"""A mail queue in the database: requests store mail and a worker sends it, each message once.

With EMAIL_URL, `QueueBackend` is Django's EMAIL_BACKEND, so that allauth's mail is queued too, and
MAIL_TRANSPORT is the backend that sends. ADR 23 says what happens when a process dies.
"""

import contextlib
import logging
import smtplib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.common import mail_failures, worker
from apps.common.db import insert_new_rows
from apps.common.mail_history import LONGEST_DELAY, expire, is_due
from apps.common.models import MailMessage
from apps.common.models.mail_message import MAX_AGE
from apps.common.old_mail_queue import adopt_old_rows
from apps.common.smtp import SmtpTransport

JOB_NAME = "mail"
INTERVAL = timedelta(seconds=30)  # for retries; new mail is sent at once by `run_soon`
MAX_SIZE = 256 * 1024  # bytes of one message
FIRST_DELAY = timedelta(seconds=30)
LEASE = timedelta(minutes=5)  # after which the process that claimed a message counts as dead
BATCH = 50  # messages per run
Composers = Mapping[str, Callable[[dict[str, Any]], EmailMessage | None]]
State, Kind = MailMessage.State, MailMessage.Kind
log = logging.getLogger("kreida.mail")


class Bound(NamedTuple):
    """At most so many messages may wait."""

    limit: int
    messages: Q


# Mail that strangers can cause has a bound of its own, so that it leaves room for the rest.
STRANGER_KINDS = (Kind.ACCOUNT, Kind.INVITATION)
FROM_STRANGERS = Bound(2000, Q(kind__in=STRANGER_KINDS))
COMPOSED = Bound(20_000, Q(payload__isnull=True) & ~FROM_STRANGERS.messages)
# The recipient is known once it is composed.
_DEFERRED_VALUES = {
    "state": MailMessage.State.WAITING.value,
    "recipient": "?",
    **dict.fromkeys(("sender", "subject", "reason"), ""),
    "attempts": 0,
}
DEFERRED = Bound(200_000, Q(payload__isnull=False))


class QueuedEmail(EmailMultiAlternatives):
    """A message, and what the queue needs to know besides."""

    kind: str = Kind.ACCOUNT
    dedupe_key: str | None = None
    expires_at: datetime | None = None


class QueueBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        now = timezone.now()
        return store(
            [
                _build_row(message, recipient, now)
                for message in email_messages
                for recipient in message.recipients()
            ]
        )


def queue_decoy(message: EmailMessage) -> None:
    """Queue a message that the worker deletes instead of sending it: the request that must not send
    it does the same work as one that does, so that its time tells nothing."""
    store([_build_row(message, "", timezone.now())])


def store(rows: list[MailMessage]) -> int:
    """Queue the rows and return how many were accepted; one whose `dedupe_key` was queued before
    counts as accepted."""
    accepted = _select_accepted(rows)
    if len(accepted) < len(rows):
        log.error(
            "mail was dropped: the queue is full, or a message is too long",
            extra={"data": {"dropped": len(rows) - len(accepted)}},
        )
    has_keys = any(row.dedupe_key for row in accepted)
    MailMessage.objects.bulk_create(accepted, ignore_conflicts=has_keys, batch_size=500)
    transaction.on_commit(partial(worker.run_soon, JOB_NAME))
    return len(accepted)


def store_deferred(kind: str, mails: Sequence[tuple[str, str, datetime]]) -> int:
    """Queue payloads in JSON with their `dedupe_key` and `expires_at`, as `store` does with rows; a
    hundred thousand may come at once."""
    now = timezone.now()
    waiting = MailMessage.objects.filter(DEFERRED.messages, state=State.WAITING).count()
    accepted = mails[: max(0, DEFERRED.limit - waiting)]
    if len(accepted) < len(mails):
        dropped = len(mails) - len(accepted)
        log.error("mail was dropped: the queue is full", extra={"data": {"dropped": dropped}})
    columns = (
        "kind",
        "payload",
        "dedupe_key",
        "expires_at",
        *_DEFERRED_VALUES,
        "created_at",
        "try_at",
    )
    constants = (*_DEFERRED_VALUES.values(), now, now)
    insert_new_rows(
        MailMessage,
        columns,
        [
            (kind, payload, key, min(end, now + MAX_AGE), *constants)
            for payload, key, end in accepted
        ],
    )
    transaction.on_commit(partial(worker.run_soon, JOB_NAME))
    return len(accepted)


def _select_accepted(rows: list[MailMessage]) -> list[MailMessage]:
    waiting = MailMessage.objects.filter(state=State.WAITING)
    free: dict[Bound, int] = {}
    accepted = []
    for row in rows:
        bound = _bound_of(row)
        if bound not in free:
            free[bound] = bound.limit - waiting.filter(bound.messages).count()
        if free[bound] > 0 and len(row.content or b"") <= MAX_SIZE:
            free[bound] -= 1
            accepted.append(row)
    return accepted


def _bound_of(row: MailMessage) -> Bound:
    if row.payload is not None:
        return DEFERRED
    return FROM_STRANGERS if row.kind in STRANGER_KINDS else COMPOSED


def send_queued(now: datetime, composers: Composers | None = None) -> None:
    """Send the due messages over one connection; stop when the server fails. A refusal of one
    message leaves the others alone. `composers`, by kind, write what was queued as a payload."""
    adopt_old_rows(now)
    MailMessage.objects.filter(state=State.WAITING, recipient="").delete()
    expire(now)
    waiting = MailMessage.objects.filter(is_due(now), state=State.WAITING)
    due = list(waiting.order_by("try_at", "pk")[:BATCH])
    transport = get_connection(settings.MAIL_TRANSPORT)
    try:
        for mail in due:
            if worker.is_stopping() or not _send(mail, transport, composers or {}):
                return
    finally:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            transport.close()
    if len(due) == BATCH:
        worker.run_soon(JOB_NAME)


def _send(mail: MailMessage, transport: BaseEmailBackend, composers: Composers) -> bool:
    """Return False if the server failed, so that no further message is tried in this run."""
    if not mail.claim(timezone.now() + LEASE):
        return True
    message = _load(mail, composers)
    if message is None:
        mail.finish(State.DROPPED, timezone.now())
        return True
    try:
        transport.open()
        _deliver(mail, message, transport)
    except ClaimLostError:  # this process was suspended for longer than its lease
        transport.close()
        return True
    except mail_failures.TRANSPORT_ERRORS as exc:
        _record_failure(mail, exc)
        return mail_failures.is_refusal_of_message(exc)
    mail.finish(State.SENT, timezone.now())
    return True


class ClaimLostError(Exception):
    pass


def _deliver(mail: MailMessage, message: EmailMessage, transport: BaseEmailBackend) -> None:
    """Commit the state `sending` at the last moment at which the server cannot have the message:
    if this process dies later, nobody knows, and the message must not be sent again."""

    def begin_sending() -> None:
        if not mail.begin_sending(timezone.now() + LEASE):
            raise ClaimLostError

    if isinstance(transport, SmtpTransport):
        transport.call_before_end(begin_sending)
    else:
        begin_sending()
    transport.send_messages([message])


def _record_failure(mail: MailMessage, exc: Exception) -> None:
    now, reason = timezone.now(), mail_failures.describe_for_admin(exc)
    is_uncertain = mail.state == State.SENDING and not mail_failures.is_reply(exc)
    is_final = is_uncertain or mail_failures.is_permanent(exc)
    if is_final:
        mail.finish(State.UNCERTAIN if is_uncertain else State.FAILED, now, reason)
    else:
        mail.return_to_queue(now + _retry_delay(mail.attempts), reason)
    data = {"mail": mail.pk, "final": is_final, "reason": mail_failures.describe_for_log(exc)}
    log.warning("mail was not sent", extra={"data": data})


def _retry_delay(attempts: int) -> timedelta:
    """Return the delay after a failed attempt, by the number of attempts before it."""
    return min(FIRST_DELAY * (1 << min(attempts, 10)), LONGEST_DELAY)


def _build_row(message: EmailMessage, recipient: str, now: datetime) -> MailMessage:
    latest = now + MAX_AGE
    return MailMessage(
        kind=getattr(message, "kind", Kind.ACCOUNT),
        sender=message.from_email,
        recipient=recipient,
        subject=message.subject[:500],
        content=message.message().as_bytes(),
        dedupe_key=getattr(message, "dedupe_key", None),
        created_at=now,
        try_at=now,
        expires_at=min(getattr(message, "expires_at", None) or latest, latest),
    )


def _load(mail: MailMessage, composers: Composers) -> EmailMessage | None:
    """Return the message that is to be sent; None if its composer finds that it is of no use."""
    if mail.content is not None:
        return _StoredMessage(mail.sender, mail.recipient, bytes(mail.content))
    message = composers[mail.kind](mail.payload or {})
    if message is not None:
        mail.recipient, mail.subject = message.to[0], message.subject[:500]
    return message


class _RawMessage:
    """A stored message with the two methods of `email.message.Message` that transports call."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def as_bytes(self, unixfrom: bool = False, linesep: str = "\n") -> bytes:
        return self._content.replace(b"\n", linesep.encode())

    def get_charset(self) -> None:
        return None


class _StoredMessage(EmailMessage):
    def __init__(self, sender: str, recipient: str, content: bytes) -> None:
        super().__init__(from_email=sender, to=[recipient])
        self._raw = _RawMessage(content)

    def message(self, **_policy: Any) -> Any:
        return self._raw
