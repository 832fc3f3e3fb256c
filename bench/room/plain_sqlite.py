"""The control of `bench.room.crash`: production's settings on Django's own SQLite backend, whose
writers queue nowhere but in SQLite's busy wait."""

from config.settings import *  # noqa: F403
from config.settings import DATABASES

DATABASES["default"]["ENGINE"] = "django.db.backends.sqlite3"
