"""Text that people search by."""

import unicodedata

from django.db.models import Q


def fold(text: str) -> str:
    """For comparing without regard to letter case, in any script (Unicode case folding, NFC)."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def words_in(text: str, column: str) -> Q:
    """Every word of `text` occurs in the folded `column`, in any order."""
    condition = Q()
    for word in fold(text).split():
        condition &= Q(**{f"{column}__contains": word})
    return condition
