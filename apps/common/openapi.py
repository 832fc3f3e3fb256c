"""How views say what they take and give, in one line each."""

from collections.abc import Callable
from typing import Any

from django.utils.text import slugify
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers


class Error(serializers.Serializer[Any]):
    error = serializers.CharField()
    detail = serializers.CharField()


class ValidationFailure(Error):
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField())
    )


def documented(
    summary: str,
    responses: dict[int, Any],
    *,
    body: Any = None,
    query: list[Any] | None = None,
    errors: tuple[int, ...] = (),
    public: bool = False,
) -> Callable[..., Any]:
    """`responses` by status; `errors` are the statuses beyond those that any request may meet."""
    common = {400, 415, 429} if public else {400, 401, 403, 413, 415, 429}
    failures: dict[int, Any] = {
        status: ValidationFailure if status == 400 else Error for status in {*common, *errors}
    }
    given = {
        status: OpenApiResponse(description="Done") if shape is None else shape
        for status, shape in responses.items()
    }
    return extend_schema(
        operation_id=slugify(summary),
        summary=summary,
        request=body,
        parameters=query,
        responses={**failures, **given},
    )
