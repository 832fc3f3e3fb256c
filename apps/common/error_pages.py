"""Django's handlers for unexpected exceptions (500) and CSRF failures (403)."""

import sys

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware import csrf
from django.shortcuts import render
from django.utils.translation import gettext as _

from apps.common.dependency_failures import dependency_failure, expects_json, failure_response
from apps.common.errors import error_response


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 or 507 if a dependency failed inside a middleware.

    Django calls this while it handles the exception.
    """
    exc = sys.exc_info()[1]
    refusal = dependency_failure(exc)
    if refusal is not None and exc is not None:
        return failure_response(request, refusal, exc)
    if expects_json(request.path):
        return error_response("server_error", 500, _("Something went wrong on our side."))
    return render(request, "500.html", status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    detail = _csrf_detail(request.META.get("HTTP_ORIGIN", ""), reason)
    if expects_json(request.path):
        return error_response(
            "forbidden", 403, detail or _("You don’t have permission to do this.")
        )
    context = {
        "detail": detail or _("This form has expired."),
        "advice": _("Nothing was changed. Go back, reload the page and send it again."),
    }
    return render(request, "403.html", context, status=403)


def _csrf_detail(origin: str, reason: str) -> str:
    """Explain the fix to the sender or the operator; "" if the form is merely outdated."""
    if reason.startswith("Origin checking failed") and origin == "null":
        return _(
            "Your browser did not say which page this came from (Origin: null). Open %(url)s in a"
            " tab of its own, without extensions that hide it, and try again."
        ) % {"url": settings.PUBLIC_URL}
    if reason.startswith(("Origin checking failed", "Referer checking failed")):
        return _(
            "This was not sent from %(url)s. Open that address and try again; the server’s"
            " administrator sets it with PUBLIC_URL."
        ) % {"url": settings.PUBLIC_URL}
    if reason == csrf.REASON_NO_CSRF_COOKIE:
        return _("Your browser sent no cookie. Allow cookies for this site and try again.")
    return ""
