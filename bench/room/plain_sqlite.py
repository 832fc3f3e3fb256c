"""Settings of the control in `bench.room.crash`: Django's own SQLite backend, whose writers wait
by SQLite's busy timeout only."""

from config.settings import *  # noqa: F403
from config.settings import DATABASES

DATABASES["default"]["ENGINE"] = "django.db.backends.sqlite3"
