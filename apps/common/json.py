"""JSON responses, encoded by msgspec: aware UTC datetimes become `2026-03-02T15:00:00Z`."""

from typing import Any

import msgspec
from django.http import HttpResponse

_encoder = msgspec.json.Encoder()


def json_response(data: Any, status: int = 200) -> HttpResponse:
    return HttpResponse(_encoder.encode(data), status=status, content_type="application/json")
