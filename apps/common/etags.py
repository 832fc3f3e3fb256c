"""Optimistic concurrency control with `ETag` and `If-Match` (RFC 9110 §13.1.1).

A write without `If-Match` is unconditional.
"""

import hashlib
from collections.abc import Collection

from django.http import HttpRequest
from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from apps.common.errors import precondition_failed

IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="An `ETag` of an earlier response: refused with 412 if it has changed since.",
)
ETAG = OpenApiParameter(
    "ETag", str, OpenApiParameter.HEADER, response=[200], description="For `If-Match`."
)


def compute_version(*parts: object) -> str:
    """Return a digest of the content, so that no version column is needed."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def etag(version: str) -> str:
    return f'"{version}"'


def parse_if_match(request: HttpRequest | Request) -> frozenset[str] | None:
    """Return the versions of `If-Match`, or None if any matches (no header, or `*`).

    Weak tags are accepted, because a proxy that compresses responses weakens them.
    """
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    return frozenset(tag.removeprefix("W/").strip('"') for tag in parse_etags(header))


def check_version(current: str, expected: Collection[str] | None) -> None:
    """Raises `precondition_failed`. Call it while the row is locked against other writes."""
    if expected is not None and current not in expected:
        raise precondition_failed()
