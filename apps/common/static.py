"""Static files: hashed by Django and compressed by WhiteNoise, but what Vite built has its hash."""

import re

from whitenoise.storage import CompressedManifestStaticFilesStorage

BUILT = "web/dist/"
# Django's hash stands between two dots, Vite's behind a hyphen.
_HASHED = re.compile(r"\.[0-9a-f]{12}\.\w+$|/web/dist/assets/[^/]+-[\w-]{8}\.\w+$")


class StaticFiles(CompressedManifestStaticFilesStorage):
    """Leaves the names of Vite's files alone: its chunks import each other by them, and a second
    copy of each under a second hash would double the time that compressing takes."""

    def hashed_name(self, name: str, content: object = None, filename: str | None = None) -> str:
        if name.startswith(BUILT):
            return name
        return str(super().hashed_name(name, content, filename))  # type: ignore[no-untyped-call]


def never_changes(path: str, url: str) -> bool:
    """Whether browsers may keep this file for good (WhiteNoise's immutable_file_test)."""
    return _HASHED.search(url) is not None
