"""Nightly clean-up of expired sessions."""

import logging
from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef

from apps.common.db import delete_in_batches

log = logging.getLogger("kreida.cleanup")


def delete_expired_sessions(now: datetime) -> None:
    """Delete expired sessions and allauth's records (IP address, browser) of deleted ones."""
    expired = delete_in_batches(Session.objects.filter(expire_date__lt=now))
    session = Session.objects.filter(session_key=OuterRef("session_key"))
    records = delete_in_batches(UserSession.objects.filter(~Exists(session)))
    if expired or records:
        log.info(
            "expired sessions were deleted",
            extra={"data": {"sessions": expired, "records": records}},
        )
