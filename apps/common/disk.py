"""Whether there is room for more on the disk that holds what people put in."""

import shutil

from django.conf import settings

# Left for the database, whose writes matter more than another picture.
MIN_FREE_BYTES = 256 * 1024 * 1024


def has_free_space(size: int = 0) -> bool:
    """Also after `size` more bytes."""
    return shutil.disk_usage(settings.DATA_DIR).free - size >= MIN_FREE_BYTES
