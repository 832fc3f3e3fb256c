"""Free space on the disk of DATA_DIR."""

import shutil

from django.conf import settings

# Reserved for the database, whose writes matter more than uploads.
MIN_FREE_BYTES = 256 * 1024 * 1024


def has_free_space(size: int = 0) -> bool:
    """Return True if MIN_FREE_BYTES remain after `size` more bytes."""
    return shutil.disk_usage(settings.DATA_DIR).free - size >= MIN_FREE_BYTES
