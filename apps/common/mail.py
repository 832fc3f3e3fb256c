"""Sending mail without letting a broken mail server break what it tells of."""

import logging
import smtplib

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.utils.encoding import punycode
from django.utils.translation import gettext as _

MAX_LENGTH = 254
log = logging.getLogger("kreida.mail")


def send(*, to: str, subject: str, text: str) -> None:
    """Call it after the commit. Without EMAIL_URL nothing is sent; a failure is logged."""
    if not settings.EMAIL_URL:
        return
    try:
        # Names in the subject may hold line breaks, which no header may.
        send_mail(" ".join(subject.split()), text, None, [to])
    except (OSError, smtplib.SMTPException):
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
