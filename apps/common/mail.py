"""Sending mail without letting a broken mail server break what it tells of."""

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
    """Sends nothing inside: for people who are made up."""
    before = _suppressed.set(True)
    try:
        yield
    finally:
        _suppressed.reset(before)


def send(*, to: str, subject: str, text: str) -> None:
    """Queues it, for the worker to send (apps/common/mail_queue.py). Call it after the commit.
    Without EMAIL_URL nothing is sent; a failure is logged."""
    if not settings.EMAIL_URL or _suppressed.get():
        return
    try:
        # Names in the subject may hold line breaks, which no header may.
        send_mail(" ".join(subject.split()), text, None, [lookup_email(to)])
    except (DatabaseError, OSError, smtplib.SMTPException):
        log.exception("mail was not sent")
