"""Build a large document on the event loop without blocking it for long."""

import asyncio
import time
from collections.abc import Iterable
from typing import Any

from pycrdt import Doc

from apps.classroom.merging import apply


class DocBuilder:
    """Pauses after each update for as long as it took."""

    def __init__(self) -> None:
        self.doc: Doc[Any] = Doc()

    async def add(self, updates: Iterable[bytes]) -> None:
        """Apply updates in order. Raises ValueError."""
        for update in updates:
            begun = time.perf_counter()
            apply(self.doc, update)
            await asyncio.sleep(time.perf_counter() - begun)
