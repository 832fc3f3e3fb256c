"""A client's `Idempotency-Key`: a repeat of a request answers the first one's result."""

import hashlib
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from apps.common.errors import invalid

HEADER = "Idempotency-Key"
PARAMETER = OpenApiParameter(
    HEADER,
    str,
    OpenApiParameter.HEADER,
    description="1 to 255 printable characters. A repeat of the same request with the same key "
    "returns what the first one created and creates nothing else.",
)


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A client's `Idempotency-Key` and a digest of the request it came with."""

    key: str
    digest: str

    @classmethod
    def for_request(cls, key: str, request: dict[str, Any]) -> "Idempotency":
        fields = "\n".join(f"{name}={request[name]}" for name in sorted(request))
        return cls(key, hashlib.sha256(fields.encode()).hexdigest())

    @property
    def columns(self) -> dict[str, str]:
        """The fields of a row by which a repeat finds it."""
        return {"idempotency_key": self.key, "idempotency_digest": self.digest}

    def check(self, digest: str) -> None:
        """Raises `validation_error` if the key came with a different request before."""
        if digest != self.digest:
            raise invalid(**{HEADER: _("This key was already used for a different request.")})


def form_idempotency(nonce: str, fields: dict[str, Any]) -> Idempotency | None:
    """Make a form that is sent twice create one object, unless its values have changed."""
    if not nonce:
        return None
    digest = Idempotency.for_request(nonce, fields).digest
    return Idempotency(f"{nonce}:{digest}", digest)


def parse_idempotency_key(request: Request, fields: dict[str, Any]) -> Idempotency | None:
    """Raises `validation_error` for an unusable key."""
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 1 <= len(key) <= 255 or not key.isascii() or not key.isprintable():
        raise invalid(**{HEADER: _("1 to 255 printable characters.")})
    return Idempotency.for_request(key, fields)
