from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from apps.common.rate_limits import check_rate_limit
from apps.common.session_tokens import keep_token


def move_token_to_session(
    request: HttpRequest, purpose: str, token: str, *, then: str
) -> HttpResponse:
    """Redirect from a link to the page `then`, so that no page is shown under the link's URL.
    Raises `throttled` for too many visitors without a session."""
    if request.session.session_key is None:
        check_rate_limit(request, "link")
    keep_token(request.session, purpose, token)
    response = redirect(then)
    response["Referrer-Policy"] = "no-referrer"
    return response
