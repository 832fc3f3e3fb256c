"""Sign-ins that are over."""

import logging
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef

from apps.common.db import delete_in_batches

log = logging.getLogger("kreida.cleanup")


def delete_expired_sessions(now: datetime) -> None:
    """And what allauth keeps of sessions that are no more: addresses and browsers of people."""
    expired = delete_in_batches(Session.objects.filter(expire_date__lt=now))
    session = Session.objects.filter(session_key=OuterRef("session_key"))
    forgotten = delete_in_batches(UserSession.objects.filter(~Exists(session)))
    if expired or forgotten:
        log.info(
            "expired sessions were deleted",
            extra={"data": {"sessions": expired, "records": forgotten}},
        )
