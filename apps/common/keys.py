"""Keys derived from SECRET_KEY, one per purpose, so that a token is valid for one purpose only."""

import hashlib
import hmac


def derive_key(secret: str, purpose: str) -> str:
    """Return a 256-bit key in hex: HMAC-SHA256 of the purpose with the secret as key."""
    return hmac.new(secret.encode(), f"kreida:{purpose}".encode(), hashlib.sha256).hexdigest()
