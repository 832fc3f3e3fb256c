"""Sending mail without letting a broken mail server break what it tells of."""

import logging
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import DatabaseError
from django.utils.encoding import punycode
from django.utils.translation import gettext as _

MAX_LENGTH = 254
log = logging.getLogger("kreida.mail")


_muted = ContextVar("muted", default=False)


@contextmanager
def muted() -> Iterator[None]:
    """Sends nothing inside: for people who are made up."""
    before = _muted.set(True)
    try:
        yield
    finally:
        _muted.reset(before)


def send(*, to: str, subject: str, text: str) -> None:
    """Queues it, for the worker to send (apps/common/mail_queue.py). Call it after the commit.
    Without EMAIL_URL nothing is sent; a failure is logged."""
    if not settings.EMAIL_URL or _muted.get():
        return
    try:
        # Names in the subject may hold line breaks, which no header may.
        send_mail(" ".join(subject.split()), text, None, [to])
    except (DatabaseError, OSError, smtplib.SMTPException):
        log.exception("mail was not sent")


def validate_address(email: str) -> None:
    """Beyond the shape of an address: that it fits its column, and that mail can be sent to it.
    Raises Django's ValidationError."""
    try:
        punycode(email.rpartition("@")[2])
    except UnicodeError as exc:
        raise ValidationError(_("Enter a valid email address."), code="invalid") from exc
    # Some letters take more room in lower case, in which addresses are kept.
    if len(email.lower()) > MAX_LENGTH:
        raise ValidationError(_("Enter a valid email address."), code="invalid")
