"""Normalization of URL paths, before routing and before limits that depend on the path."""

import re

_LINK_PREFIX = re.compile(
    r"^/(join|invite|(?:classrooms|students)/invitation)(?=/|$)", re.IGNORECASE
)


def normalize_path(path: str) -> str:
    """Collapse repeated slashes, which pasted links may have, and lowercase the start of links
    that are sent to people, since mail programs and keyboards change its case."""
    return _LINK_PREFIX.sub(lambda found: found[0].lower(), re.sub("/{2,}", "/", path))
