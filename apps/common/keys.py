"""One secret, many keys: a key for each purpose, so that no token passes for another's."""

import hashlib
import hmac


def derive_key(secret: str, purpose: str) -> str:
    """A hex key of 256 bits for `purpose` (HMAC-SHA256 of the purpose under the secret)."""
    return hmac.new(secret.encode(), f"kreida:{purpose}".encode(), hashlib.sha256).hexdigest()
