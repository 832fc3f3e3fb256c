"""Free space on the disk of DATA_DIR, and what the database takes."""

import shutil
from pathlib import Path

from django.conf import settings
from django.db import connection

# Reserved for the database, whose writes matter more than uploads.
MIN_FREE_BYTES = 256 * 1024 * 1024


def has_free_space(size: int = 0) -> bool:
    """Return True if MIN_FREE_BYTES remain after `size` more bytes."""
    return shutil.disk_usage(settings.DATA_DIR).free - size >= MIN_FREE_BYTES


def database_bytes() -> int:
    """Return the size of the database, on SQLite with its write-ahead log."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
    file = Path(str(connection.settings_dict["NAME"]))
    return sum(path.stat().st_size for path in (file, Path(f"{file}-wal")) if path.is_file())
