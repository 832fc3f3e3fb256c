"""Takes over mail that a process of an earlier commit has queued in its own table.

To be removed with the table after the next release (ADR 23).
"""

from datetime import datetime
from email import message_from_bytes
from email.errors import MessageError
from email.policy import default

from django.db import transaction

from apps.common.mail_history import PROCESS_DIED, is_due
from apps.common.models import MailMessage, OutgoingMail
from apps.common.models.mail_message import MAX_AGE

BATCH = 50


def adopt_old_rows(now: datetime) -> None:
    """A message whose process died in an attempt may have been sent."""
    OutgoingMail.objects.filter(recipients=[]).delete()
    for row in OutgoingMail.objects.filter(is_due(now)).order_by("pk")[:BATCH]:
        with transaction.atomic():
            mine = OutgoingMail.objects.filter(pk=row.pk, try_at=row.try_at)
            if mine.delete()[0]:
                MailMessage.objects.bulk_create(_convert(row, now))


def _convert(row: OutgoingMail, now: datetime) -> list[MailMessage]:
    content = bytes(row.content)
    is_uncertain = row.unconfirmed > 0
    created_at = min(row.created_at, now)
    return [
        MailMessage(
            state=MailMessage.State.UNCERTAIN if is_uncertain else MailMessage.State.WAITING,
            reason=PROCESS_DIED if is_uncertain else "",
            finished_at=now if is_uncertain else None,
            sender=row.sender,
            recipient=recipient,
            subject=_read_subject(content),
            content=content,
            attempts=row.attempts,
            created_at=created_at,
            try_at=now,
            expires_at=created_at + MAX_AGE,
        )
        for recipient in row.recipients
    ]


def _read_subject(content: bytes) -> str:
    try:
        return str(message_from_bytes(content, policy=default)["Subject"] or "")[:500]
    except (MessageError, ValueError, LookupError):
        return ""
