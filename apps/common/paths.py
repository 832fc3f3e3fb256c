"""The one spelling of a path, before anything is decided by it."""

import re


def plain_path(path: str) -> str:
    """Without doubled slashes, which come with pasted links; nothing of ours has them."""
    return re.sub("/{2,}", "/", path)
