"""The one spelling of a path, before anything is decided by it."""

import re

_LINKS = re.compile(r"^/(join|invite|classrooms/invitation)(?=/|$)", re.IGNORECASE)


def normalize_path(path: str) -> str:
    """Without doubled slashes, which come with pasted links; nothing of ours has them. Links that
    are sent to people begin in lower case, however a mail program or a keyboard wrote them."""
    return _LINKS.sub(lambda found: found[0].lower(), re.sub("/{2,}", "/", path))
