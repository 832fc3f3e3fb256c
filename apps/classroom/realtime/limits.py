"""What one board may hold, and what one person may ask of it; docs/security.md has the table.

What an update or a question costs the event loop is counted in steps, of about a microsecond each.
"""

from apps.classroom.realtime.sockets import RateLimit

MIB = 1024 * 1024
# Some 12,000 strokes of handwriting. Opening a board holds up the event loop, and a document takes
# ten times its bytes: at this size a quarter of a second and 150 MiB (docs/performance-room.md).
MAX_BOARD = 16 * MIB
NEARLY_FULL = 0.8
# What may come in before the board is folded again; that follows within seconds.
MAX_GROWTH = 32 * MIB
# New ids of one person: those of a morning in which the line breaks all the time, or those that a
# returning browser brings of everybody after the server lost some time. Then one each 30 s.
NEW_CLIENTS_RATE, NEW_CLIENTS_BURST = 1 / 30, 100
# Of one person on one board; a board that comes whole from one browser takes about 1,200,000.
WORK_RATE, WORK_BURST = 100_000, 2_000_000
# Encoding is yrs's work, and faster.
BYTES_PER_STEP = 100


class Limits:
    """Of one person on one board, over all their sockets."""

    def __init__(self) -> None:
        self.work = RateLimit(WORK_RATE, WORK_BURST)
        self._new_clients = RateLimit(NEW_CLIENTS_RATE, NEW_CLIENTS_BURST)
        self._introduced: set[int] = set()

    def may_introduce(self, clients: set[int]) -> bool:
        """An id counts once, however often it comes before it is known."""
        new = clients - self._introduced
        if not new or self._new_clients.allows(len(new)):
            self._introduced |= new
            return True
        return False
