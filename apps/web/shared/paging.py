"""Search and pagination of the lists by `?q=` and `?page=`."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest

from apps.common.pagination import MAX_OFFSET, Page

PAGE_SIZE = 20
MAX_SEARCH_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list; `kept_params` are other query parameters that its links keep."""

    search: str
    number: int
    total: int = 0
    kept_params: tuple[tuple[str, str], ...] = ()

    @property
    def page(self) -> Page:
        return Page(PAGE_SIZE, (self.number - 1) * PAGE_SIZE)

    @property
    def first(self) -> int:
        return min(self.page.offset + 1, self.total)

    @property
    def last(self) -> int:
        return min(self.page.stop, self.total)

    @property
    def previous(self) -> str:
        return self._url(self.number - 1) if self.number > 1 else ""

    @property
    def next(self) -> str:
        return self._url(self.number + 1) if self.page.stop < self.total else ""

    def with_total(self, total: int) -> "Listing":
        return Listing(self.search, self.number, total, self.kept_params)

    def _url(self, number: int) -> str:
        query = [*self.kept_params, ("q", self.search), ("page", str(number) if number > 1 else "")]
        return "?" + urlencode([(name, value) for name, value in query if value])


def parse_listing(
    request: HttpRequest, *kept_params: str, kept: Iterable[tuple[str, object]] = ()
) -> Listing:
    """Read the query string; an invalid page number means the first page. `kept` are parameters
    with their values, which may occur several times."""
    text = request.GET.get("page", "")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 1
    params = tuple((name, request.GET.get(name, "")) for name in kept_params)
    params += tuple((name, str(value)) for name, value in kept)
    search = request.GET.get("q", "")[:MAX_SEARCH_LENGTH].replace("\0", "")
    return Listing(search, max(1, min(number, MAX_OFFSET // PAGE_SIZE)), 0, params)


def is_fragment(request: HttpRequest) -> bool:
    """True for search-as-you-type, which replaces only the list."""
    return request.headers.get("X-Fragment") == "1"
