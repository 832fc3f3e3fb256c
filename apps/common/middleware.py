"""Middleware for all requests: logging, security headers, body limits and trailing slashes."""

import json
import logging
import time
import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import (
    BadRequest,
    DisallowedHost,
    PermissionDenied,
    SuspiciousOperation,
)
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _

from apps.common.dependency_failures import refusal_response
from apps.common.errors import DomainError, error_response
from apps.common.health import HealthApp
from apps.common.paths import normalize_path
from apps.common.request_body import body_limit, is_body_pending
from apps.common.telemetry import telemetry

REDIRECTED_COOKIE = "redirected-to-https"
# Exceptions that views raise on purpose, which are not logged as crashes.
_EXPECTED_ERRORS = (
    BadRequest,
    DomainError,
    Http404,
    MultiPartParserError,
    PermissionDenied,
    SuspiciousOperation,
)

Handler = Callable[[HttpRequest], HttpResponse]
log = logging.getLogger("kreida.request")

_CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self' data:",
        "connect-src 'self' {socket}",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)


def content_security_policy(request: HttpRequest) -> str:
    """Return the policy for this host; the sockets are listed because not every browser treats
    them as 'self'."""
    try:
        host = request.get_host()
    except DisallowedHost:
        host = urlsplit(settings.PUBLIC_URL).netloc
    return _CONTENT_SECURITY_POLICY.format(
        socket=f"{'wss' if request.is_secure() else 'ws'}://{host}"
    )


class RequestLogMiddleware:
    """Assigns each request an id and logs one line about it, and one about an exception.

    The line has the route (`/invite/<token>/`) instead of the path, because paths carry tokens.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid.uuid4().hex
        request.META["kreida.request_id"] = request_id
        began = time.perf_counter()
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        match = request.resolver_match
        seconds = time.perf_counter() - began
        route = match.route if match else None
        telemetry.count_request(request.method or "", route, response.status_code, seconds)
        log.info(
            "request",
            extra={
                "data": {
                    "request_id": request_id,
                    "method": request.method,
                    "route": route,
                    "status": response.status_code,
                    "ms": round(seconds * 1000, 1),
                }
            },
        )
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        if isinstance(exception, _EXPECTED_ERRORS):
            return
        log.error(
            "crash",
            exc_info=exception,
            extra={"data": {"request_id": request.META["kreida.request_id"]}},
        )


class SecurityHeadersMiddleware:
    """Sets security headers, and `Cache-Control: no-store` unless a view sets its own."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Content-Security-Policy", content_security_policy(request))
        response.setdefault("Cache-Control", "no-store")
        response.setdefault("Permissions-Policy", "geolocation=(), payment=(), usb=()")
        return response


class ForwardedProtoMiddleware:
    """Answers 503 with an explanation if PUBLIC_URL is https and the proxy sends no
    X-Forwarded-Proto, or says http of a request that was just redirected to https. Both would
    otherwise cause an endless redirect."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.SECURE_SSL_REDIRECT or HealthApp.handles(request.path):
            return self.get_response(request)
        if request.is_secure():
            response = self.get_response(request)
            if request.COOKIES.get(REDIRECTED_COOKIE):
                response.delete_cookie(REDIRECTED_COOKIE)
            return response
        if "HTTP_X_FORWARDED_PROTO" not in request.META:
            return _refuse_unknown_scheme(
                request,
                _(
                    "PUBLIC_URL begins with https, but the proxy in front of Kreida does not say "
                    "that this request came by https. Let it set the header X-Forwarded-Proto "
                    "(nginx: proxy_set_header X-Forwarded-Proto $scheme;). If it does, name its "
                    "address in TRUSTED_PROXIES."
                ),
            )
        # Browsers send Sec-Fetch-Mode by https alone, and the cookie comes back from a redirect.
        if "HTTP_SEC_FETCH_MODE" in request.META or request.COOKIES.get(REDIRECTED_COOKIE):
            return _refuse_unknown_scheme(
                request,
                _(
                    "PUBLIC_URL begins with https and this request came by https, but "
                    "X-Forwarded-Proto says http: a proxy behind the one with the certificate "
                    "replaces the header. Let it pass the header on (nginx: proxy_set_header "
                    "X-Forwarded-Proto $http_x_forwarded_proto;)."
                ),
            )
        response = self.get_response(request)
        response.set_cookie(REDIRECTED_COOKIE, "1", max_age=30, httponly=True, samesite="Lax")
        return response


def _refuse_unknown_scheme(request: HttpRequest, detail: str) -> HttpResponse:
    refusal = DomainError("service_unavailable", 503, detail, retry_after=60)
    return refusal_response(request.path, refusal)


class BodyLimitMiddleware:
    """Refuses bodies over 1 MiB (20 MiB for uploads), and JSON that would crash allauth."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        limit = body_limit(request.path)
        # The length check avoids parsing a very long number.
        if length.isdecimal() and (len(length) > 12 or int(length) > limit):
            detail = _("The request is too large: at most %(kib)s KB.") % {"kib": limit // 1024}
            refusal = DomainError("payload_too_large", 413, detail)
            return refusal_response(request.path, refusal)
        if is_body_pending(request):
            # The CSRF token is in the form, which has not arrived; the second call checks it.
            vars(request)["_dont_enforce_csrf_checks"] = True
        if request.path.startswith("/_allauth/") and not self._is_storable_json(request.body):
            return error_response("validation_error", 400, _("The body is not valid JSON."))
        return self.get_response(request)

    @staticmethod
    def _is_storable_json(body: bytes) -> bool:
        """Return False for lone surrogates, NUL, deep nesting and huge numbers, on which allauth
        crashes. Malformed JSON returns True, because allauth answers it itself."""
        try:
            text = json.dumps(json.loads(body or b"{}"), ensure_ascii=False)
            text.encode()
        except (json.JSONDecodeError, UnicodeDecodeError):
            return True
        except (ValueError, RecursionError):
            return False
        return "\\u0000" not in text


class StaticNotFoundMiddleware:
    """Answers 404 for static files that WhiteNoise did not find, without the database, which the
    threads of static files must not wait for."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(settings.STATIC_URL):
            return HttpResponse("Not found.", status=404, content_type="text/plain")
        return self.get_response(request)


class TrailingSlashMiddleware:
    """Lets every path work with and without its trailing slash, without a redirect."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info = normalize_path(request.path_info)
        if path.removesuffix("/") in HealthApp.PATHS:  # monitors may use any Host
            request.META["HTTP_HOST"] = settings.ALLOWED_HOSTS[0]
        if path.startswith(("/_allauth/", "/healthz", "/readyz", settings.STATIC_URL)):
            request.path_info = path.removesuffix("/")
        elif not path.endswith("/"):
            request.path_info = f"{path}/"
        return self.get_response(request)
