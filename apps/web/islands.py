"""Where Vite put an island's hashed files and the message catalogues."""

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
    """The files of `src/calendar/main.ts` and the like, as names of static files."""
    chunks = _manifest()
    if entry not in chunks:
        raise ImproperlyConfigured(f"The front end was built before {entry}: run `make build`.")
    styles = _styles(chunks, entry, set())
    return Island(DIST + chunks[entry]["file"], tuple(dict.fromkeys(DIST + s for s in styles)))


@cache
def find_catalogue(language: str) -> str | None:
    """The script with a language's translations; English, whose texts are the ids, has none."""
    chunk = _manifest().get(f"../locale/{language}/LC_MESSAGES/djangojs.po")
    return DIST + chunk["file"] if chunk else None


def _manifest() -> dict[str, Any]:
    manifest = finders.find(f"{DIST}manifest.json")
    if not isinstance(manifest, str):
        raise ImproperlyConfigured("The front end is not built: run `make build`.")
    with open(manifest, encoding="utf-8") as file:
        chunks: dict[str, Any] = json.load(file)
    return chunks


def _styles(chunks: dict[str, Any], name: str, seen: set[str]) -> list[str]:
    """Of the entry and of every chunk that it imports at once."""
    if name in seen:
        return []
    seen.add(name)
    inner = [s for other in chunks[name].get("imports", []) for s in _styles(chunks, other, seen)]
    return [*inner, *chunks[name].get("css", [])]
