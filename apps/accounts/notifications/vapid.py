"""The key by which push services know this installation (VAPID, RFC 8292)."""

import base64
from datetime import timedelta
from functools import cache
from urllib.parse import urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.utils import timezone

LIFETIME = timedelta(hours=12)  # push services refuse more than 24 hours


def decode_base64(text: str) -> bytes:
    """Raises ValueError for anything but unpadded or padded Base64 for URLs."""
    return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), b"-_", True)


def encode_base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@cache
def _private_key(scalar: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(decode_base64(scalar), "big"), ec.SECP256R1())


def public_key() -> str:
    """The `applicationServerKey` of browsers."""
    key = _private_key(settings.VAPID_KEY).public_key()
    return encode_base64(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def authorization(endpoint: str) -> str:
    """The header that a push service asks for."""
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int((timezone.now() + LIFETIME).timestamp()),
        "sub": _contact(),
    }
    token = jwt.encode(claims, _private_key(settings.VAPID_KEY), algorithm="ES256")
    return f"vapid t={token}, k={public_key()}"


def _contact() -> str:
    """Apple refuses addresses of localhost; without https no browser subscribes elsewhere."""
    if settings.HTTPS:
        return str(settings.PUBLIC_URL)
    return f"mailto:kreida@{urlsplit(settings.PUBLIC_URL).hostname}"
