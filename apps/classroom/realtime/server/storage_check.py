"""Looks from time to time whether the quota of an open board's tutor is used up."""

import time

from apps.classroom.realtime.board.board import Board
from apps.classroom.realtime.server import db
from apps.classroom.upload_limits import count_stored_bytes, quota

INTERVAL = 60.0  # seconds, while the board grows or the quota is used up


class StorageCheck:
    def __init__(self, board: Board) -> None:
        self._board = board
        self._next_at = 0.0  # on the monotonic clock
        # Of the board, at the last two checks: at the first of them, the log may not be written.
        self._sizes = (-1, -1)

    async def run(self, tutor_id: int) -> None:
        """Count if it is time. Raises db.Failure."""
        board, now = self._board, time.monotonic()
        size = board.size + board.bytes_since_compaction
        is_idle = self._sizes == (size, size) and not board.is_storage_full
        has_shrunk = board.is_storage_full and size < self._sizes[1]  # somebody makes room
        if is_idle or (now < self._next_at and not has_shrunk):
            return
        used = await db.run(count_stored_bytes, tutor_id)
        board.is_storage_full, self._sizes = used >= quota(), (self._sizes[1], size)
        self._next_at = now + INTERVAL
