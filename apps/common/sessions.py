"""Sessions in the database; `SESSION_ENGINE` is this module."""

from typing import Any

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    def _validate_session_key(self, key: Any) -> bool:
        """Refuse keys that are never given out: PostgreSQL accepts no text with a NUL in it."""
        is_long_enough = super()._validate_session_key(key)  # type: ignore[misc]
        return bool(is_long_enough and key.isascii() and key.isalnum())
