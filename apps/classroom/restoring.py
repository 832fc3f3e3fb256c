"""Restore an earlier board as an ordinary change of the current one.

This is not a Yjs undo: strokes drawn meanwhile stay, and clients receive the restored board as an
update. docs/protocol.md describes the structure of the document.
"""

import secrets
import time
from typing import Any

from pycrdt import Doc, Map

_PLAIN_MAPS = ("files",)
_PAGES = "pages"
_ELEMENTS = "elements:"

Value = Any


def restoring_update(current: "Doc[Any]", past_state: bytes) -> bytes:
    """Change `current` to look like `past_state`; return the update that does so."""
    past: Doc[Any] = Doc()
    past.apply_update(past_state)
    before = current.get_state()
    names = {*current.keys(), *past.keys()}
    with current.transaction():
        for name in sorted(names):
            current_map, past_map = _map(current, name), _map(past, name)
            if name == _PAGES:
                _restore_pages(current_map, past_map)
            elif name.startswith(_ELEMENTS):
                _restore_elements(current_map, past_map)
            elif name in _PLAIN_MAPS:
                _add_missing(current_map, past_map)
    return current.get_update(before)


def _map(doc: "Doc[Any]", name: str) -> "Map[Any]":
    found: Map[Any] = doc.get(name, type=Map)
    return found


def _restore_pages(current: "Map[Any]", past: "Map[Any]") -> None:
    wanted, existing = past.to_py() or {}, current.to_py() or {}
    for key in existing.keys() - wanted.keys():
        del current[key]
    for key, page in wanted.items():
        if existing.get(key) != page:
            current[key] = Map(page) if isinstance(page, dict) else page


def _restore_elements(current: "Map[Any]", past: "Map[Any]") -> None:
    """Give restored elements a higher `version`, and mark the others as deleted.

    Browsers keep the element with the higher `version`, so a removed element would come back.
    """
    wanted, existing = past.to_py() or {}, current.to_py() or {}
    for key, element in existing.items():
        if key in wanted:
            continue
        if not _is_element(element):
            del current[key]
        elif not element.get("isDeleted"):
            current[key] = _with_newer_version({**element, "isDeleted": True}, element)
    for key, element in wanted.items():
        if existing.get(key) != element:
            current[key] = (
                _with_newer_version(element, existing.get(key)) if _is_element(element) else element
            )


def _is_element(value: Value) -> bool:
    return isinstance(value, dict) and isinstance(value.get("version"), int | float)


def _with_newer_version(element: dict[str, Any], previous: Value) -> dict[str, Any]:
    versions = [element["version"], previous["version"] if _is_element(previous) else 0]
    return {
        **element,
        "version": max(versions) + 1,
        "versionNonce": secrets.randbelow(2**31),
        "updated": int(time.time() * 1000),
    }


def _add_missing(current: "Map[Any]", past: "Map[Any]") -> None:
    """Add missing files; none is removed, since an element may use it again."""
    existing = current.to_py() or {}
    for key, value in (past.to_py() or {}).items():
        if key not in existing:
            current[key] = value
