"""Errors and their responses; under /api/ the body is `{"error": code, "detail": sentence}`."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from rest_framework import exceptions as drf

from apps.common.json import json_response

Fields = dict[str, list[str]]


class DomainError(Exception):
    """An error reported to the client, with a `code` for programs and a `detail` for people."""

    def __init__(
        self,
        code: str,
        status: int,
        detail: str,
        fields: Fields | None = None,
        retry_after: int | None = None,
        *,
        extra: dict[str, Any] | None = None,
    ) -> None:
        """`extra` is added to the body."""
        super().__init__(detail)
        self.code = code
        self.status = status
        self.detail = detail
        self.fields = fields
        self.retry_after = retry_after
        self.extra = extra


def forbidden(detail: str = "") -> DomainError:
    return DomainError("forbidden", 403, detail or _("You don’t have permission to do this."))


def not_found(detail: str = "") -> DomainError:
    return DomainError("not_found", 404, detail or _("Not found."))


def invalid(**fields: str) -> DomainError:
    """A `validation_error` with one sentence per field."""
    return DomainError(
        "validation_error",
        400,
        " ".join(fields.values()),
        {name: [sentence] for name, sentence in fields.items()},
    )


def precondition_failed(detail: str = "") -> DomainError:
    """The resource has changed since the client read it (`If-Match`)."""
    detail = detail or _("This has changed since you opened it. Reload it and try again.")
    return DomainError("precondition_failed", 412, detail)


def throttled(retry_after: int, detail: str = "") -> DomainError:
    """`retry_after` is in whole seconds."""
    return DomainError(
        "throttled",
        429,
        detail or _("Too many requests. Try again later."),
        retry_after=retry_after,
    )


def service_unavailable(retry_after: int = 5) -> DomainError:
    """A dependency (the database, Redis) is unavailable or too slow."""
    detail = _("The service is not available right now. Try again in a moment.")
    return DomainError("service_unavailable", 503, detail, retry_after=retry_after)


def storage_full(detail: str = "") -> DomainError:
    """A quota or the disk is full; nothing was stored."""
    return DomainError("storage_full", 507, detail or _("There is no space left on the server."))


def error_response(
    code: str,
    status: int,
    detail: str,
    fields: Fields | None = None,
    extra: dict[str, Any] | None = None,
) -> HttpResponse:
    body: dict[str, Any] = {"error": code, "detail": detail, **(extra or {})}
    if code == "validation_error":
        body["fields"] = fields or {}
    return json_response(body, status)


def domain_error_response(exc: DomainError) -> HttpResponse:
    response = error_response(exc.code, exc.status, exc.detail, exc.fields, exc.extra)
    if exc.retry_after is not None:
        response["Retry-After"] = str(exc.retry_after)
    return response


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """DRF's exception handler. Returns None for an unexpected exception, which then causes 500."""
    if isinstance(exc, DomainError):
        return domain_error_response(exc)
    if isinstance(exc, Http404):
        return error_response("not_found", 404, _("Not found."))
    if isinstance(exc, PermissionDenied):
        return error_response("forbidden", 403, _("You don’t have permission to do this."))
    if isinstance(exc, drf.APIException):
        return _from_drf(exc, context.get("view"))
    return None


_DRF_CODES: list[tuple[type[drf.APIException], str]] = [
    (drf.NotAuthenticated, "not_authenticated"),
    (drf.AuthenticationFailed, "not_authenticated"),
    (drf.PermissionDenied, "forbidden"),
    (drf.NotFound, "not_found"),
    (drf.MethodNotAllowed, "method_not_allowed"),
    (drf.UnsupportedMediaType, "unsupported_media_type"),
    (drf.Throttled, "throttled"),
]


def _from_drf(exc: drf.APIException, view: Any) -> HttpResponse:
    if isinstance(exc, drf.ValidationError):
        fields = _flatten(exc.detail)
        sentences = " ".join(s for found in fields.values() for s in found)
        return error_response("validation_error", 400, sentences, fields)
    if isinstance(exc, drf.ParseError):
        sentence = str(exc.detail)
        return error_response("validation_error", 400, sentence, {"non_field_errors": [sentence]})
    for kind, code in _DRF_CODES:
        if isinstance(exc, kind):
            detail = _allowed_choices(exc, view) or str(exc.detail)
            response = error_response(code, exc.status_code, detail)
            break
    else:
        response = error_response("server_error", 500, _("Something went wrong on our side."))
    challenge = getattr(exc, "auth_header", None)
    if challenge:
        response["WWW-Authenticate"] = challenge
    wait = getattr(exc, "wait", None)
    if wait is not None:
        response["Retry-After"] = str(max(1, int(wait + 0.999)))
    return response


def _allowed_choices(exc: drf.APIException, view: Any) -> str | None:
    """Return a sentence with the allowed methods or media types, for 405 and 415."""
    if isinstance(exc, drf.MethodNotAllowed):
        return _("Must be one of: %(choices)s.") % {"choices": ", ".join(view.allowed_methods)}
    if isinstance(exc, drf.UnsupportedMediaType):
        media_types = [parser.media_type for parser in view.parser_classes]
        return _("Must be one of: %(choices)s.") % {"choices": ", ".join(media_types)}
    return None


def _flatten(detail: Any, name: str = "non_field_errors") -> Fields:
    """Flatten DRF's nested details: `{"a": {"b": ["…"]}}` becomes `{"a.b": ["…"]}`."""
    if isinstance(detail, Mapping):
        fields: Fields = {}
        for key, value in detail.items():
            outer = "" if name == "non_field_errors" else f"{name}."
            fields.update(_flatten(value, f"{outer}{key}"))
        return fields
    if isinstance(detail, Sequence) and not isinstance(detail, str):
        return {name: [str(sentence) for sentence in detail]}
    return {name: [str(detail)]}


def _is_api_path(request: HttpRequest) -> bool:
    return request.path.startswith("/api/") or request.path == "/api"


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_api_path(request):
        return error_response("not_found", 404, _("Not found."))
    return render(request, "404.html", status=404)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_api_path(request):
        return error_response("validation_error", 400, _("Bad request."))
    return render(request, "400.html", status=400)


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if _is_api_path(request):
        return error_response("forbidden", 403, _("You don’t have permission to do this."))
    return render(request, "403.html", status=403)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    detail = _("Too many attempts. Wait a minute and try again.")
    return render(request, "refused.html", {"detail": detail}, status=429)
