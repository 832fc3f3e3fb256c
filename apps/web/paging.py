"""`?q=` and `?page=` of the lists, kept in the address so that it can be shared."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest

from apps.common.pagination import MAX_OFFSET, Page

SIZE = 20
LONGEST_WORDS = 200


@dataclass(frozen=True, slots=True)
class Listing:
    words: str
    number: int
    total: int = 0
    keep: tuple[tuple[str, str], ...] = ()

    @property
    def page(self) -> Page:
        return Page(SIZE, (self.number - 1) * SIZE)

    @property
    def first(self) -> int:
        return min(self.page.offset + 1, self.total)

    @property
    def last(self) -> int:
        return min(self.page.stop, self.total)

    @property
    def previous(self) -> str:
        return self._address(self.number - 1) if self.number > 1 else ""

    @property
    def next(self) -> str:
        return self._address(self.number + 1) if self.page.stop < self.total else ""

    def counted(self, total: int) -> "Listing":
        return Listing(self.words, self.number, total, self.keep)

    def _address(self, number: int) -> str:
        query = [*self.keep, ("q", self.words), ("page", str(number) if number > 1 else "")]
        return "?" + urlencode([(name, value) for name, value in query if value])


def listing(request: HttpRequest, *keep: str) -> Listing:
    """What the address asks for; nonsense means the first page."""
    text = request.GET.get("page", "")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 1
    kept = tuple((name, request.GET.get(name, "")) for name in keep)
    words = request.GET.get("q", "")[:LONGEST_WORDS].replace("\0", "")
    return Listing(words, max(1, min(number, MAX_OFFSET // SIZE)), 0, kept)


def is_fragment(request: HttpRequest) -> bool:
    """Search-as-you-type asks for the list alone."""
    return request.headers.get("X-Fragment") == "1"
