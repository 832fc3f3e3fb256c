"""Static files: hashed by Django and compressed by WhiteNoise, but what Vite built has its hash."""

import re

import brotli  # type: ignore[import-untyped]
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

BUILT = "web/dist/"
# Django's hash stands between two dots, Vite's behind a hyphen.
_HASHED = re.compile(r"\.[0-9a-f]{12}\.\w+$|/web/dist/assets/[^/]+-[\w-]{8}\.\w+$")
# Compressed as they are, or, like maps, for developers' tools alone.
_AS_THEY_ARE = ("map", "png", "webp", "ico", "woff", "woff2", "ttf", "pfb", "bcmap", "gz", "br")


class QuickCompressor(Compressor):
    """Brotli's two highest levels take fourteen times as long, most of a first start, to send a
    tenth less."""

    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        return bytes(brotli.compress(data, quality=9))


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Leaves the names of Vite's files alone: its chunks import each other by them, and a second
    copy of each under a second hash would double the time that compressing takes."""

    def hashed_name(self, name: str, content: object = None, filename: str | None = None) -> str:
        if name.startswith(BUILT):
            return name
        return str(super().hashed_name(name, content, filename))  # type: ignore[no-untyped-call]

    def create_compressor(self, **_options: object) -> Compressor:
        return QuickCompressor(extensions=_AS_THEY_ARE, quiet=True)  # type: ignore[no-untyped-call]


def is_immutable(path: str, url: str) -> bool:
    """Whether browsers may keep this file for good (WhiteNoise's immutable_file_test)."""
    return _HASHED.search(url) is not None
