"""Sessions in the database; `SESSION_ENGINE` is this module."""

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from apps.common.db import select_rows

_LOAD = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s"


class SessionStore(db.SessionStore):
    def _validate_session_key(self, key: Any) -> bool:
        """Refuse keys that are never given out: PostgreSQL accepts no text with a NUL in it."""
        is_long_enough = super()._validate_session_key(key)  # type: ignore[misc]
        return bool(is_long_enough and key.isascii() and key.isalnum())

    def _get_session_from_db(self) -> Session | None:
        """Read by SQL, because every request of a signed-in person does it."""
        rows = select_rows(_LOAD, self.session_key, timezone.now())
        if not rows:
            self._session_key = None
            return None
        return Session(session_data=rows[0][0])
