"""Normalization of URL paths, before routing and before limits that depend on the path."""

import re

_LINK_PREFIX = re.compile(
    r"^/(join|invite|tutor-invitation|(?:classrooms|students)/invitation)(?=/|$)", re.IGNORECASE
)


def normalize_path(path: str) -> str:
    """Collapse repeated slashes, which pasted links may have. Replace NUL, which PostgreSQL
    refuses, so that nothing is found. In links that are sent to people, lowercase the start, since
    mail programs and keyboards change its case, and drop what stood behind the link in the text: a
    full stop, a quotation mark."""
    path = re.sub("/{2,}", "/", path).replace("\0", "\ufffd")
    prefix = _LINK_PREFIX.match(path)
    if prefix is None:
        return path
    path = prefix[0].lower() + path[prefix.end() :]
    end = len(path)
    while not path[end - 1].isalnum():
        end -= 1
    slash = path.find("/", end)
    return path if slash < 0 else path[: slash + 1]
