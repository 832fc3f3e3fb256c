"""Relay servers for the call, with credentials that coturn's `use-auth-secret` accepts for a while
(the TURN REST API: user name is expiry and person, password its HMAC-SHA1 under the secret)."""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

# What a credential that leaks is good for. Whoever is in the room gets new ones in time.
LIFETIME = timedelta(hours=1)
RENEW_AFTER = timedelta(minutes=45)


def ice_servers(person: str, now: datetime) -> list[dict[str, Any]]:
    """Empty without TURN_URLS: no foreign host is told of a lesson unless the school says so."""
    if not settings.TURN_URLS:
        return []
    username = f"{int((now + LIFETIME).timestamp())}:{person}"
    digest = hmac.digest(settings.TURN_SECRET.encode(), username.encode(), hashlib.sha1)
    return [
        {
            "urls": list(settings.TURN_URLS),
            "username": username,
            "credential": base64.b64encode(digest).decode(),
        }
    ]
