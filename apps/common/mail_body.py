"""The text and the HTML of a mail, written from the same lines."""

from dataclasses import dataclass

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import get_language


@dataclass(frozen=True)
class MailBody:
    """Lines of plain text; a link, whose label only HTML shows; and small print, as text.

    Addresses in lines are no links in HTML, because lines may hold names that people have chosen.
    """

    title: str
    lines: tuple[str, ...]
    url: str = ""
    link: str = ""
    notes: tuple[str, ...] = ()

    def as_text(self) -> str:
        notes = ("", *self.notes) if self.notes else ()
        lines = [line for line in (self.title, *self.lines, self.url) if line]
        return "\n".join([*lines, *notes])

    def as_html(self) -> str:
        context = {
            "body": self,
            "lines": [line for line in self.lines if line],
            "language": get_language(),
            "school": settings.SCHOOL_NAME or "Kreida",
        }
        return render_to_string("common/mail.html", context)
