from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from apps.accounts.models import User
from apps.common.errors import DomainError
from apps.common.etags import etag
from apps.common.turns import turn
from apps.lessons.feed.address import find_feed_owner
from apps.lessons.feed.limits import check_address_limit, check_feed_limit
from apps.lessons.feed.selection import FeedState, load_state


@require_safe
def feed_file(request: HttpRequest, token: str) -> HttpResponse:
    """For calendar programs: no session, no cookies, errors as plain text."""
    try:
        check_address_limit(request)
        reader = find_feed_owner(token)
        if reader is None:
            return _plain(404, "Not found.")
        check_feed_limit(request, reader)
        with turn(reader.pk):
            return _feed_response(request, reader, timezone.now())
    except DomainError as exc:
        response = _plain(exc.status, exc.detail)
        response["Retry-After"] = str(exc.retry_after)
        return response


def _feed_response(request: HttpRequest, reader: User, now: datetime) -> HttpResponse:
    state = load_state(reader, now)
    response = HttpResponse(content_type="text/calendar; charset=utf-8")
    tag, modified = etag(state.version), int(state.modified_at.timestamp())
    response["ETag"] = tag
    response["Last-Modified"] = http_date(_last_modified(state, now))
    response["Cache-Control"] = "private, no-cache"
    response["Referrer-Policy"] = "no-referrer"
    response["Content-Language"] = reader.locale
    response["Content-Disposition"] = 'inline; filename="lessons.ics"'
    response["X-Robots-Tag"] = "noindex"
    answer = get_conditional_response(request, tag, modified, response)
    if answer is not None and answer is not response:
        return answer
    from apps.lessons.feed.body import load_body  # noqa: PLC0415 -- icalendar takes 3 MB

    response.content = load_body(reader, state, now)
    return response


def _last_modified(state: FeedState, now: datetime) -> int:
    """A whole second. While that second lasts, another change may follow in it, so that it is not
    yet said: the client would not get that change."""
    seconds = int(state.modified_at.timestamp())
    return seconds if now.timestamp() - seconds > 1 else seconds - 1


def _plain(status: int, text: str) -> HttpResponse:
    response = HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
    response["Referrer-Policy"] = "no-referrer"
    return response
