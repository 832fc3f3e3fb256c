"""Going back to an earlier board, as an ordinary change of the present one.

Nothing is taken back in the Yjs sense: who draws meanwhile keeps their strokes, and everyone sees
the restored board arrive as an update. The document's shape is that of docs/protocol.md.
"""

import secrets
import time
from collections.abc import Callable
from typing import Any

from pycrdt import Doc, Map

_PLAIN_MAPS = ("files",)
_PAGES = "pages"
_ELEMENTS = "elements:"

Value = Any
Amend = Callable[[Value, Value], Value]


def restoring_update(present: "Doc[Any]", past_state: bytes) -> bytes:
    """Changes `present` to look as `past_state` does; answers with the update that does so."""
    past: Doc[Any] = Doc()
    past.apply_update(past_state)
    before = present.get_state()
    names = {*present.keys(), *past.keys()}
    with present.transaction():
        for name in sorted(names):
            now, then = _map(present, name), _map(past, name)
            if name == _PAGES:
                _restore_pages(now, then)
            elif name.startswith(_ELEMENTS):
                _restore_elements(now, then)
            elif name in _PLAIN_MAPS:
                _add_missing(now, then)
    return present.get_update(before)


def _map(doc: "Doc[Any]", name: str) -> "Map[Any]":
    found: Map[Any] = doc.get(name, type=Map)
    return found


def _restore_pages(now: "Map[Any]", then: "Map[Any]") -> None:
    wanted, there = then.to_py() or {}, now.to_py() or {}
    for key in there.keys() - wanted.keys():
        del now[key]
    for key, page in wanted.items():
        if there.get(key) != page:
            now[key] = Map(page) if isinstance(page, dict) else page


def _restore_elements(now: "Map[Any]", then: "Map[Any]") -> None:
    """Browsers keep the element with the higher `version`, so what comes back gets a new one, and
    what goes is marked as deleted and not just left out."""
    wanted, there = then.to_py() or {}, now.to_py() or {}
    for key, element in there.items():
        if key in wanted:
            continue
        if not _is_element(element):
            del now[key]
        elif not element.get("isDeleted"):
            now[key] = _newer({**element, "isDeleted": True}, element)
    for key, element in wanted.items():
        if there.get(key) != element:
            now[key] = _newer(element, there.get(key)) if _is_element(element) else element


def _is_element(value: Value) -> bool:
    return isinstance(value, dict) and isinstance(value.get("version"), int | float)


def _newer(element: dict[str, Any], than: Value) -> dict[str, Any]:
    versions = [element["version"], than["version"] if _is_element(than) else 0]
    return {
        **element,
        "version": max(versions) + 1,
        "versionNonce": secrets.randbelow(2**31),
        "updated": int(time.time() * 1000),
    }


def _add_missing(now: "Map[Any]", then: "Map[Any]") -> None:
    """Files are never taken away: an element may come to need them again."""
    there = now.to_py() or {}
    for key, value in (then.to_py() or {}).items():
        if key not in there:
            now[key] = value
