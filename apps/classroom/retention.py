"""Remove at night what is older than the settings KEEP_CHAT_DAYS and KEEP_VERSIONS_DAYS allow."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from apps.classroom.models import BoardVersion, ChatMessage
from apps.common.db import delete_in_batches
from apps.common.models import Removal

KEPT_REPORTS = timedelta(days=365)
log = logging.getLogger("kreida.cleanup")


def remove_old(now: datetime) -> None:
    """A number of days of 0 keeps everything."""
    if days := settings.KEEP_CHAT_DAYS:
        old = ChatMessage.objects.filter(sent_at__lt=now - timedelta(days=days))
        _remove(Removal.Kind.CHAT, old, now)
    if days := settings.KEEP_VERSIONS_DAYS:
        versions = BoardVersion.objects.filter(created_at__lt=now - timedelta(days=days))
        _remove(Removal.Kind.VERSIONS, versions, now)
    Removal.objects.filter(removed_at__lt=now - KEPT_REPORTS).delete()


def _remove(kind: Removal.Kind, rows: "QuerySet[Any]", now: datetime) -> None:
    count = delete_in_batches(rows)
    if count:
        Removal.objects.create(removed_at=now, kind=kind, count=count)
        log.info("removed by age", extra={"data": {"kind": kind.value, "count": count}})
