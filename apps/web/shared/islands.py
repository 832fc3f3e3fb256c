"""Finds the hashed files of islands and message catalogues in Vite's manifest."""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured

DIST = "web/dist/"


@dataclass(frozen=True, slots=True)
class Island:
    script: str
    styles: tuple[str, ...]


@cache
def find_island(entry: str) -> Island:
    """The static files of an entry such as `src/calendar/main.ts`."""
    chunks = _manifest()
    if entry not in chunks:
        raise ImproperlyConfigured(f"The front end was built before {entry}: run `make build`.")
    styles = _collect_styles(chunks, entry, set())
    return Island(DIST + chunks[entry]["file"], tuple(dict.fromkeys(DIST + s for s in styles)))


@cache
def find_catalogue(language: str) -> str | None:
    """The script with a language's translations, or None (English, whose texts are the msgids)."""
    chunk = _manifest().get(f"../locale/{language}/LC_MESSAGES/djangojs.po")
    return DIST + chunk["file"] if chunk else None


def _manifest() -> dict[str, Any]:
    manifest = finders.find(f"{DIST}manifest.json")
    if not isinstance(manifest, str):
        raise ImproperlyConfigured("The front end is not built: run `make build`.")
    with open(manifest, encoding="utf-8") as file:
        chunks: dict[str, Any] = json.load(file)
    return chunks


def _collect_styles(chunks: dict[str, Any], name: str, seen: set[str]) -> list[str]:
    """Style sheets of the entry and of all chunks that it imports statically."""
    if name in seen:
        return []
    seen.add(name)
    inner = [
        s for other in chunks[name].get("imports", []) for s in _collect_styles(chunks, other, seen)
    ]
    return [*inner, *chunks[name].get("css", [])]
