"""TURN servers for the call, with temporary credentials for coturn's `use-auth-secret`.

As in the TURN REST API, the user name is `<expiry>:<person>` and the credential its HMAC-SHA1.
"""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

# How long a leaked credential can be used; people in the room get new ones after RENEW_AFTER.
LIFETIME = timedelta(hours=1)
RENEW_AFTER = timedelta(minutes=45)


def ice_servers(person: str, now: datetime) -> list[dict[str, Any]]:
    """Return the ICE servers; none without TURN_URLS, so that no third party learns of a lesson."""
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
