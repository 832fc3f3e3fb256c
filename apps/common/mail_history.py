"""Mail that ends without being sent, and how long it is remembered what became of mail."""

import logging
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext_noop

from apps.common.db import delete_in_batches
from apps.common.models import MailMessage, OutgoingMail
from apps.common.models.mail_message import MAX_AGE

LONGEST_DELAY = timedelta(hours=1)
KEPT = timedelta(days=30)
MAX_KEPT = 100_000  # messages; those with a dedupe key, such as reminders, come on top
TOO_LATE = gettext_noop("It could not be sent in time.")
PROCESS_DIED = gettext_noop("Kreida was stopped before the mail server answered.")
State = MailMessage.State
log = logging.getLogger("kreida.mail")


def is_due(now: datetime) -> Q:
    """Mail to be tried later than the longest delay was stored while the clock was wrong."""
    return Q(try_at__lte=now) | Q(try_at__gt=now + 2 * LONGEST_DELAY)


def expire(now: datetime) -> None:
    """End what is too old to be sent, and what a process that died has left in the middle."""
    due = MailMessage.objects.filter(is_due(now))
    late = due.filter(state=State.WAITING, expires_at__lte=now)
    if late.exists():
        late.filter(reason="").update(reason=TOO_LATE)
        ended = {"content": None, "payload": None, "finished_at": now}
        given_up = late.filter(created_at__lte=now - MAX_AGE).update(state=State.FAILED, **ended)
        dropped = late.update(state=State.DROPPED, **ended)
        log.error("mail was given up", extra={"data": {"failed": given_up, "dropped": dropped}})
    uncertain = due.filter(state=State.SENDING)
    if uncertain.exists():
        found = uncertain.update(state=State.UNCERTAIN, reason=PROCESS_DIED, finished_at=now)
        log.error("mail may have been sent or not", extra={"data": {"messages": found}})


def count_not_sent(now: datetime) -> int:
    """Return the number of messages that ended in the last day without being known as sent."""
    ended = MailMessage.objects.filter(finished_at__gt=now - timedelta(days=1))
    return ended.filter(state__in=[State.FAILED, State.UNCERTAIN]).count()


def delete_old(now: datetime) -> None:
    """Delete the content of mail that nobody will send again, and records past their time; also
    where EMAIL_URL was removed, because content may hold reset links."""
    expire(now)
    delete_in_batches(OutgoingMail.objects.filter(created_at__lt=now - MAX_AGE))
    ended = MailMessage.objects.exclude(state__in=[State.WAITING, State.SENDING])
    has_content = Q(content__isnull=False) | Q(payload__isnull=False)
    ended.filter(has_content, expires_at__lte=now).update(content=None, payload=None)
    delete_in_batches(ended.filter(created_at__lt=now - KEPT))
    newest = ended.filter(dedupe_key=None).order_by("-created_at", "-pk")
    oldest_kept = newest.values_list("created_at", flat=True)[MAX_KEPT - 1 : MAX_KEPT].first()
    if oldest_kept is not None:
        delete_in_batches(ended.filter(dedupe_key=None, created_at__lt=oldest_kept))
