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


# Beside the views' own: too slow, too large, too often, and a dependency that is away.
_ANYBODY = frozenset({400, 408, 413, 415, 429, 431, 503})
_FROM_VALIDATION = frozenset({400, 408, 431})  # the code `validation_error`, so with `fields`


def documented(
    summary: str,
    responses: dict[int, Any],
    *,
    body: Any = None,
    query: list[Any] | None = None,
    errors: tuple[int, ...] = (),
    public: bool = False,
    description: str | None = None,
) -> Callable[..., Any]:
    """`responses` by status; `errors` are the statuses beyond those that any request may meet."""
    common = _ANYBODY if public else _ANYBODY | {401, 403}
    given = {
        status: OpenApiResponse(description="Done") if shape is None else shape
        for status, shape in responses.items()
    }

    def decorate(view: Any) -> Any:
        stores = set() if view.__name__ == "get" else {507}
        failures = {
            status: ValidationFailure if status in _FROM_VALIDATION else Error
            for status in {*common, *stores, *errors}
        }
        return extend_schema(
            operation_id=slugify(summary),
            summary=summary,
            description=description,
            request=body,
            parameters=query,
            responses={**failures, **given},
        )(view)

    return decorate
