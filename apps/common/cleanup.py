"""Nightly clean-up of what stopped processes and daily limits leave behind."""

import logging
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

log = logging.getLogger("kreida.cleanup")

ABANDONED_AFTER = timedelta(days=1)


def delete_abandoned_uploads(now: datetime) -> None:
    """Delete temporary files of uploads whose process was killed."""
    deleted = 0
    for file in Path(settings.UPLOAD_DIR).iterdir():
        try:
            if file.stat().st_mtime < (now - ABANDONED_AFTER).timestamp():
                file.unlink()
                deleted += 1
        except FileNotFoundError:  # deleted concurrently
            continue
    if deleted:
        log.info("abandoned uploads were deleted", extra={"data": {"files": deleted}})
