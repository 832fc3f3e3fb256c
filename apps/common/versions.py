"""Versions of what people edit, as HTTP's `ETag` and `If-Match`: without the header a write is done
as ever, with it nobody overwrites what they have not seen."""

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
    description="An `ETag` of an earlier answer: refused with 412 if it has changed since.",
)
ETAG = OpenApiParameter(
    "ETag", str, OpenApiParameter.HEADER, response=[200], description="For `If-Match`."
)


def version_of(*parts: object) -> str:
    """A digest of the content itself, so that no column has to be kept in step with it."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def etag(version: str) -> str:
    return f'"{version}"'


def versions_asked_for(request: HttpRequest | Request) -> frozenset[str] | None:
    """Those of `If-Match`; None where any will do. A proxy that compresses makes tags weak."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    return frozenset(tag.removeprefix("W/").strip('"') for tag in parse_etags(header))


def check_version(current: str, asked: Collection[str] | None) -> None:
    """Raises `precondition_failed`. Call it where the row cannot change before the write."""
    if asked is not None and current not in asked:
        raise precondition_failed()
