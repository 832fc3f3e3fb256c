"""The HTML part of a mail, made of its text."""

import re
from typing import NamedTuple

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import get_language


class _Piece(NamedTuple):
    text: str
    is_link: bool


def render_html(subject: str, text: str) -> str:
    """Write the text as HTML in the active language: blank lines separate paragraphs, and a line
    that is an address becomes a button.

    Only addresses of this installation become links, because texts hold names and titles that
    people have chosen.
    """
    lines = text.strip().splitlines()
    if lines and lines[0] == subject:
        del lines[0]
    blocks = re.split(r"\n\s*\n", "\n".join(lines).strip())
    context = {
        "subject": subject,
        "paragraphs": [[_split(line) for line in block.splitlines()] for block in blocks if block],
        "language": get_language(),
        "school": settings.SCHOOL_NAME or "Kreida",
    }
    return render_to_string("common/mail.html", context)


def _split(line: str) -> list[_Piece]:
    own = rf"({re.escape(settings.PUBLIC_URL)}(?:/\S*)?)(?=\s|$)"
    pieces = re.split(own, line)
    return [_Piece(piece, number % 2 == 1) for number, piece in enumerate(pieces) if piece]
