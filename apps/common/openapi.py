"""How views describe their operations in the OpenAPI document."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework import serializers


class ConflictSerializer(serializers.Serializer[Any]):
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    detail = serializers.CharField()


class FreeSlotSerializer(serializers.Serializer[Any]):
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()


class ApiErrorSerializer(serializers.Serializer[Any]):
    error = serializers.CharField(help_text="A stable code, for programs.")
    detail = serializers.CharField(help_text="A sentence for people; its wording may change.")
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text="Of a `validation_error`: sentences by the name of a field or parameter.",
    )
    conflicts = ConflictSerializer(
        many=True,
        required=False,
        help_text="Of a `lesson_conflict` of a series: each lesson that cannot be scheduled.",
    )
    next_slots = FreeSlotSerializer(
        many=True, required=False, help_text="Of a refused booking: up to three free slots."
    )


class ValidationErrorSerializer(ApiErrorSerializer):
    fields = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="Sentences by the name of a field or parameter.",
    )


class Failure(NamedTuple):
    status: int
    code: str
    detail: str


# Keyed by the names that `documented` takes: the code, or another name if a code has two statuses.
FAILURES = {
    "validation_error": Failure(
        400, "validation_error", "A field or parameter is missing, malformed or out of range."
    ),
    "invite_invalid": Failure(400, "invite_invalid", "This invite link is not valid."),
    "not_authenticated": Failure(401, "not_authenticated", "Sign in again."),
    "forbidden": Failure(403, "forbidden", "You don’t have permission to do this."),
    "not_a_member": Failure(
        403, "not_a_member", "This student is not an active member of a classroom of yours."
    ),
    "not_found": Failure(404, "not_found", "Not found."),
    "lesson_not_found": Failure(404, "lesson_not_found", "Lesson not found."),
    "series_not_found": Failure(404, "series_not_found", "Lesson series not found."),
    "request_timeout": Failure(408, "validation_error", "The request took too long to arrive."),
    "lesson_conflict": Failure(
        409, "lesson_conflict", "The tutor or the student already has a lesson that overlaps."
    ),
    "lesson_cancelled": Failure(409, "lesson_cancelled", "This lesson was cancelled."),
    "not_bookable": Failure(409, "not_bookable", "The tutor does not offer this time."),
    "not_requested": Failure(409, "not_requested", "This lesson does not wait for confirmation."),
    "policy_forbids": Failure(
        409, "policy_forbids", "The tutor’s policy does not let a student do this."
    ),
    "already_reversed": Failure(409, "already_reversed", "This entry has been reversed already."),
    "not_undoable": Failure(409, "not_undoable", "A change can be undone for a minute."),
    "invite_expired": Failure(410, "invite_expired", "Invite expired"),
    "precondition_failed": Failure(
        412, "precondition_failed", "This has changed since you opened it."
    ),
    "payload_too_large": Failure(413, "payload_too_large", "The body is too large."),
    "unsupported_media_type": Failure(
        415, "unsupported_media_type", "The body is not of a media type that is understood here."
    ),
    "throttled": Failure(429, "throttled", "Too many requests. Try again later."),
    "headers_too_large": Failure(431, "validation_error", "The headers are too large."),
    "service_unavailable": Failure(
        503, "service_unavailable", "The service is not available right now."
    ),
    "storage_full": Failure(507, "storage_full", "There is no space left on the server."),
}
_COMMON_FAILURES = (
    "validation_error",
    "not_authenticated",
    "forbidden",
    "request_timeout",
    "payload_too_large",
    "unsupported_media_type",
    "throttled",
    "headers_too_large",
    "service_unavailable",
)
PATH_PARAMETERS = {
    "classroom_id": "The `id` of a classroom.",
    "membership_id": "The `id` of a membership.",
    "lesson_id": "The `id` of a lesson.",
    "series_id": "The `id` of a lesson series.",
    "student_id": "The `id` of a student.",
    "tutor_id": "The `id` of a tutor.",
    "calendar_id": "The `id` of an external calendar.",
    "holiday_id": "The `id` of days without lessons.",
    "entry_id": "The `id` of an account entry.",
    "pack_id": "The `id` of a pack of lessons.",
    "change_id": "The `Change-Id` of a change of lessons.",
    "session_uuid": "The `session_uuid` of a lesson.",
    "file_uuid": "The `id` of a picture.",
    "version_id": "The `id` of a board version.",
}
_SUCCESS_DESCRIPTIONS = {200: "Done.", 201: "Created.", 204: "Done; there is no body."}
_RETRY_AFTER = OpenApiParameter(
    "Retry-After", int, OpenApiParameter.HEADER, response=[429, 503], description="In seconds."
)


class DocumentSchema(AutoSchema):
    """drf-spectacular's schema without the suffix `Request`, since requests and responses have
    separate serializers."""

    def _get_serializer_name(self, *args: Any, **kwargs: Any) -> str:
        """Return `LessonCreate` instead of `LessonCreateRequest`."""
        name: str = super()._get_serializer_name(*args, **kwargs)
        return name.removesuffix("Request")


def example(value: dict[str, Any]) -> Callable[[type], type]:
    """Decorate a serializer with an example of a whole body."""
    decorate: Callable[[type], type] = extend_schema_serializer(
        examples=[OpenApiExample("Example", value=value)]
    )
    return decorate


def documented(
    operation_id: str,
    summary: str,
    responses: dict[int, Any],
    *,
    description: str,
    body: Any = None,
    query: Iterable[Any] = (),
    errors: Iterable[str] = (),
) -> Callable[..., Any]:
    """Decorate a view method with its OpenAPI operation.

    `responses` maps a status to a serializer, or to None for no body. `errors` are keys of FAILURES
    in addition to _COMMON_FAILURES.
    """
    successes = {
        status: serializer
        if isinstance(serializer, OpenApiResponse)
        else OpenApiResponse(serializer, _SUCCESS_DESCRIPTIONS[status])
        for status, serializer in responses.items()
    }

    def decorate(view: Any) -> Any:
        write_failures = () if view.__name__ == "get" else ("storage_full",)
        return extend_schema(
            operation_id=operation_id,
            summary=summary,
            description=description,
            tags=[_find_tag(operation_id)],
            request=body,
            parameters=[*query, _RETRY_AFTER],
            responses={
                **successes,
                **_failure_responses({*_COMMON_FAILURES, *write_failures, *errors}),
            },
        )(view)

    return decorate


def _find_tag(operation_id: str) -> str:
    names: list[str] = [tag["name"] for tag in spectacular_settings.TAGS]
    return next(name for name in names if operation_id.startswith(f"{name}_"))


def _failure_responses(names: Iterable[str]) -> dict[int, OpenApiResponse]:
    by_status = defaultdict(list)
    for name, failure in FAILURES.items():
        if name in names:
            by_status[failure.status].append((name, failure))
    return {status: _failure_response(found) for status, found in by_status.items()}


def _failure_response(found: list[tuple[str, Failure]]) -> OpenApiResponse:
    codes = {failure.code for _name, failure in found}
    return OpenApiResponse(
        ValidationErrorSerializer if codes == {"validation_error"} else ApiErrorSerializer,
        " ".join(f"`{failure.code}`: {failure.detail}" for _name, failure in found),
        [OpenApiExample(name, value=_example_body(failure)) for name, failure in found],
    )


def _example_body(failure: Failure) -> dict[str, Any]:
    body: dict[str, Any] = {"error": failure.code, "detail": failure.detail}
    if failure.code == "validation_error":
        body["fields"] = {"starts_at": ["This field is required."]} if failure.status == 400 else {}
    return body


def describe_path_parameters(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Postprocessing hook of drf-spectacular that describes the ids in paths."""
    for methods in result["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                if parameter["in"] == "path":
                    parameter["description"] = PATH_PARAMETERS[parameter["name"]]
    return result


def share_error_responses(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Postprocessing hook of drf-spectacular that moves equal error responses into the shared
    components, named after their failures."""
    shared: dict[str, Any] = {}
    for methods in result["paths"].values():
        for operation in methods.values():
            responses = operation["responses"]
            for status in [status for status in responses if status >= "400"]:
                examples = responses[status]["content"]["application/json"]["examples"]
                name = "Or".join(examples)
                shared[name] = responses[status]
                responses[status] = {"$ref": f"#/components/responses/{name}"}
            operation["responses"] = dict(sorted(responses.items()))
    result["components"]["responses"] = dict(sorted(shared.items()))
    return result
