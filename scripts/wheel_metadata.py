"""Puts the versions that requirements/base.txt locks into the wheel's metadata, so that an
installation runs on those that were tested."""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LOCKED = re.compile(r"^[\w.-]+(?:\[[^\]]+\])?==[^\\\n]+", re.MULTILINE)


class LockedDependencies(MetadataHookInterface):
    def update(self, metadata: dict[str, Any]) -> None:
        lock = Path(self.root, "requirements/base.txt").read_text()
        metadata["dependencies"] = [found.strip() for found in _LOCKED.findall(lock)]
