"""Fetches a calendar from the address that its tutor has named."""

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from django.conf import settings

from apps.booking.models import MAX_CONTENT, ExternalCalendar
from apps.common.outgoing_http import Answer, ForbiddenAddressError, UnreachableError, get

MAX_REDIRECTS = 3
TIMEOUT = 20.0  # seconds of one request
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
Error = ExternalCalendar.Error


class FetchError(Exception):
    """Has no address in it, since addresses of calendars are secret."""

    def __init__(self, error: ExternalCalendar.Error) -> None:
        super().__init__(error.value)
        self.error = error


@dataclass(frozen=True, slots=True)
class Fetched:
    """`content` is None if nothing has changed since the validators were given out."""

    content: bytes | None
    etag: str = ""
    last_modified: str = ""


def may_be_private() -> bool:
    return bool(settings.EXTERNAL_CALENDARS == "any")


def fetch(url: str, *, etag: str = "", last_modified: str = "") -> Fetched:
    """Follow a few redirects, each to a public address as well. Raises FetchError."""
    headers = {
        "Accept": "text/calendar, */*;q=0.1",
        "Accept-Encoding": "identity",
        "User-Agent": "Kreida",
        **({"If-None-Match": etag} if etag else {}),
        **({"If-Modified-Since": last_modified} if last_modified else {}),
    }
    try:
        answer = _follow(url, headers)
    except ForbiddenAddressError as exc:
        raise FetchError(Error.FORBIDDEN) from exc
    except UnreachableError as exc:
        raise FetchError(Error.UNREACHABLE) from exc
    if answer.status == 304:
        return Fetched(None, etag, last_modified)
    if answer.status != 200:
        raise FetchError(Error.REFUSED)
    if len(answer.body) > MAX_CONTENT:
        raise FetchError(Error.TOO_LARGE)
    if not _is_whole(answer):
        raise FetchError(Error.UNREACHABLE)
    validators = (answer.headers.get(name, "") for name in ("etag", "last-modified"))
    new_etag, new_modified = (value if value.isprintable() else "" for value in validators)
    return Fetched(answer.body, new_etag[:500], new_modified[:100])


def _follow(url: str, headers: dict[str, str]) -> Answer:
    for _number in range(MAX_REDIRECTS + 1):
        answer = get(
            url,
            headers,
            allow_private=may_be_private(),
            max_answer=MAX_CONTENT + 1,
            timeout=TIMEOUT,
        )
        target = answer.headers.get("location", "")
        if answer.status not in _REDIRECTS or not target:
            return answer
        try:
            url = urljoin(url, target)
            urlsplit(url)
        except ValueError as exc:
            raise ForbiddenAddressError("malformed") from exc
    raise FetchError(Error.REFUSED)


def _is_whole(answer: Answer) -> bool:
    """Whether the body is as long as was announced: it may have been cut off by the time limit."""
    length = answer.headers.get("content-length", "")
    return not length.isdecimal() or len(answer.body) == int(length[:12])
