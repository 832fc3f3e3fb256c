"""Where a board's changes go once they are applied: to the database and the other processes."""

from uuid import UUID

from apps.classroom.realtime.board.log_writer import LogWriter
from apps.classroom.realtime.cluster.bus import Bus
from apps.classroom.realtime.cluster.messages import BoardFrame


class BoardLog:
    """The log of one board. No method waits."""

    def __init__(self, *, session_id: int, room: UUID, writer: LogWriter, bus: Bus) -> None:
        self._session_id, self._room = session_id, room
        self._writer, self._bus = writer, bus

    def append(self, update: bytes) -> None:
        """Queue an accepted update to be stored."""
        self._writer.add(self._session_id, update)

    def add_author(self, client: int, person: str) -> None:
        """Queue the author of a client id to be stored, before its updates."""
        self._writer.add_author(self._session_id, client, person)

    def publish(self, frame: bytes) -> None:
        """Send a frame to the other processes that have the room open."""
        self._bus.publish(self._room, BoardFrame(frame))
