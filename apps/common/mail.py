"""Sending mail without letting a broken mail server break what it tells of."""

import logging
import smtplib

from django.conf import settings
from django.core.mail import send_mail

log = logging.getLogger("kreida.mail")


def send(*, to: str, subject: str, text: str) -> None:
    """Call it after the commit. Without EMAIL_URL nothing is sent; a failure is logged."""
    if not settings.EMAIL_URL:
        return
    try:
        send_mail(subject, text, None, [to])
    except (OSError, smtplib.SMTPException):
        log.exception("mail was not sent")
