"""Send mail so that a failure never affects the request or job that sends it."""

import json
import logging
import smtplib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.core.mail import get_connection
from django.db import DatabaseError, transaction

from apps.common.mail_html import render_html
from apps.common.mail_queue import QueuedEmail, queue_decoy, store_deferred
from apps.common.models import MailMessage
from apps.common.text import lookup_email

Kind = MailMessage.Kind
log = logging.getLogger("kreida.mail")


_suppressed = ContextVar("suppressed", default=False)


@contextmanager
def suppressed() -> Iterator[None]:
    """Send no mail inside this context, for demo data."""
    token = _suppressed.set(True)
    try:
        yield
    finally:
        _suppressed.reset(token)


@contextmanager
def logged_failure() -> Iterator[None]:
    """Log an error of the database while mail is written, and undo only that: what the mail tells
    of is done all the same."""
    try:
        with transaction.atomic():  # a savepoint, where the caller is in a transaction
            yield
    except DatabaseError:
        log.exception("mail was not sent")


class CalendarPart(NamedTuple):
    """An iTIP message (RFC 5546): its method, such as REQUEST, and the iCalendar text."""

    method: str
    content: str


class DeferredMail(NamedTuple):
    """Mail that the composer of its kind (config/jobs.py) writes when it is sent."""

    payload: dict[str, Any]
    dedupe_key: str
    expires_at: datetime


def send(
    *,
    to: str,
    subject: str,
    text: str,
    html: str | None = None,
    calendar: CalendarPart | None = None,
    headers: Mapping[str, str] | None = None,
    dedupe_key: str | None = None,
    expires_at: datetime | None = None,
    kind: str = Kind.ACCOUNT,
) -> bool:
    """Queue a message (apps/common/mail_queue.py), within the transaction of what it tells of: both
    are committed, or neither is.

    Mail with a `dedupe_key` that was queued in the last 30 days is not queued again, and after
    `expires_at` it is dropped. HTML is made of the text, in the active language, if none is given.
    Does nothing without EMAIL_URL. Failures are logged, not raised; returns False if the mail was
    not queued.
    """
    message = compose(
        to=to, subject=subject, text=text, html=html, calendar=calendar, headers=headers, kind=kind
    )
    message.dedupe_key, message.expires_at = dedupe_key, expires_at
    return send_all([message])


def send_decoy(*, to: str, subject: str, text: str) -> None:
    """Do the work of `send` for a message that is never sent, so that its time tells nothing."""
    if not settings.EMAIL_URL or _suppressed.get():
        return
    try:
        with transaction.atomic():
            queue_decoy(compose(to=to, subject=subject, text=text))
    except DatabaseError:
        log.exception("mail was not sent")


def compose(
    *,
    to: str,
    subject: str,
    text: str,
    html: str | None = None,
    calendar: CalendarPart | None = None,
    more_calendars: Iterable[CalendarPart] = (),
    headers: Mapping[str, str] | None = None,
    kind: str = Kind.ACCOUNT,
) -> QueuedEmail:
    """`more_calendars` are attached: a mail program acts on one calendar message by itself."""
    # Names in the subject may have line breaks, which headers must not have.
    subject = " ".join(subject.split())
    headers = {"Auto-Submitted": "auto-generated", **(headers or {})}  # RFC 3834: no auto-replies
    message = QueuedEmail(subject, text, None, [lookup_email(to)], headers=headers)
    message.kind = kind
    message.attach_alternative(html or render_html(subject, text), "text/html")
    if calendar is not None:  # RFC 6047 §2.4; the last alternative is the one that is preferred
        message.attach_alternative(calendar.content, _mime_type(calendar))
    for number, each in enumerate(more_calendars, 2):
        message.attach(f"lessons-{number}.ics", each.content, _mime_type(each))
    return message


def _mime_type(calendar: CalendarPart) -> str:
    return f"text/calendar; method={calendar.method}"


def send_all(messages: Iterable[QueuedEmail]) -> bool:
    """Queue several messages at once, as `send` does."""
    if not settings.EMAIL_URL or _suppressed.get():
        return False
    try:
        with transaction.atomic():  # a savepoint, where the caller is in a transaction
            return bool(get_connection().send_messages(list(messages)))
    except (DatabaseError, OSError, smtplib.SMTPException):
        log.exception("mail was not sent")
        return False


def defer(kind: str, mails: Iterable[DeferredMail]) -> int:
    """Queue mail that is composed only when it is sent, so that it tells how things stand then.

    Returns how many were accepted. Database errors are raised, so that the caller's transaction
    ends as a whole.
    """
    if not settings.EMAIL_URL or _suppressed.get():
        return 0
    return store_deferred(
        kind, [(json.dumps(each.payload), each.dedupe_key, each.expires_at) for each in mails]
    )
