"""Classifies exceptions of a mail transport, for the message, the log and the administrator."""

import smtplib
from email.errors import MessageError

SERVICE_CLOSING = 421  # RFC 5321 §3.8: the server ends the connection
MAX_REASON = 500
TRANSPORT_ERRORS = (OSError, smtplib.SMTPException, ValueError, MessageError)


def is_refusal_of_message(exc: Exception) -> bool:
    """Return True if the server refused this message only and the connection can be used on."""
    if isinstance(exc, smtplib.SMTPRecipientsRefused):
        return all(code != SERVICE_CLOSING for code, _text in exc.recipients.values())
    if isinstance(exc, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return int(exc.smtp_code) != SERVICE_CLOSING
    return isinstance(exc, ValueError)


def is_permanent(exc: Exception) -> bool:
    """Return True if this message can never be sent (RFC 5321 §4.2.1: reply codes 5yz)."""
    if isinstance(exc, smtplib.SMTPRecipientsRefused):
        return all(code >= 500 for code, _text in exc.recipients.values())
    if isinstance(exc, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return int(exc.smtp_code) >= 500
    return isinstance(exc, ValueError)  # an address or header that cannot be written


def is_reply(exc: Exception) -> bool:
    """Return True if the server has answered, so that it is known not to deliver the message."""
    return isinstance(exc, smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused)


def describe_for_log(exc: Exception) -> str:
    """Describe a failure without addresses or text from the server's reply."""
    if isinstance(exc, smtplib.SMTPRecipientsRefused):
        codes = {code for code, _text in exc.recipients.values()}
        return f"{type(exc).__name__} {codes}"
    if isinstance(exc, smtplib.SMTPResponseException):
        return f"{type(exc).__name__} {exc.smtp_code}"
    return f"{type(exc).__name__} {exc.errno}" if isinstance(exc, OSError) else type(exc).__name__


def describe_for_admin(exc: Exception) -> str:
    """The server's own words where there are any, in its language."""
    if isinstance(exc, smtplib.SMTPRecipientsRefused):
        replies = (f"{code} {_decode(text)}" for code, text in exc.recipients.values())
        found = "; ".join(replies)
    elif isinstance(exc, smtplib.SMTPResponseException):
        found = f"{exc.smtp_code} {_decode(exc.smtp_error)}"
    else:
        found = str(exc) or type(exc).__name__
    return " ".join(found.replace("\x00", "").split())[:MAX_REASON]


def _decode(text: bytes | str) -> str:
    return text if isinstance(text, str) else text.decode("utf-8", "replace")
