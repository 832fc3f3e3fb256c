"""Static files, hashed by Django or Vite and compressed by WhiteNoise."""

import re

import brotli  # type: ignore[import-untyped]
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

VITE_OUTPUT = "web/dist/"
# Django puts the hash between two dots, Vite after a hyphen.
_HASHED = re.compile(r"\.[0-9a-f]{12}\.\w+$|/web/dist/assets/[^/]+-[\w-]{8}\.\w+$")
# Compressed already, or, like source maps, only for developer tools.
_UNCOMPRESSED = ("map", "png", "webp", "ico", "woff", "woff2", "ttf", "pfb", "bcmap", "gz", "br")


class QuickCompressor(Compressor):
    """Uses Brotli level 9: levels 10 and 11 take 14 times as long and save another tenth."""

    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        return bytes(brotli.compress(data, quality=9))


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Keeps the names of Vite's files, because its chunks import each other by name; a copy with a
    second hash would also double the time for compression."""

    def hashed_name(self, name: str, content: object = None, filename: str | None = None) -> str:
        if name.startswith(VITE_OUTPUT):
            return name
        return str(super().hashed_name(name, content, filename))  # type: ignore[no-untyped-call]

    def create_compressor(self, **_options: object) -> Compressor:
        return QuickCompressor(extensions=_UNCOMPRESSED, quiet=True)  # type: ignore[no-untyped-call]


def is_immutable(_path: str, url: str) -> bool:
    """Return True if the URL has a content hash (WhiteNoise's immutable_file_test)."""
    return _HASHED.search(url) is not None
