"""Send mail so that a failure never affects the request or job that sends it."""

import logging
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.core.mail import send_mail
from django.db import DatabaseError

from apps.common.text import lookup_email

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


def send(*, to: str, subject: str, text: str) -> None:
    """Queue a message (apps/common/mail_queue.py); call it after the commit.

    Does nothing without EMAIL_URL. Failures are logged, not raised.
    """
    if not settings.EMAIL_URL or _suppressed.get():
        return
    try:
        # Names in the subject may have line breaks, which headers must not have.
        send_mail(" ".join(subject.split()), text, None, [lookup_email(to)])
    except (DatabaseError, OSError, smtplib.SMTPException):
        log.exception("mail was not sent")
