"""Boards without a database and other processes."""

from apps.classroom.realtime.board.board import Board, LoadedBoard
from apps.classroom.realtime.board.document import Document
from apps.classroom.realtime.board.limits import PeopleLimits, PersonLimits
from apps.classroom.realtime.board.receiver import FrameReceiver


class FakeLog:
    """Keeps what a board stores and publishes."""

    def __init__(self):
        self.stored, self.published = [], []

    def append(self, update):
        self.stored.append(update)

    def publish(self, frame):
        self.published.append(frame)


def open_board(*updates, log=None):
    """Return the receiver of an open board, built from `updates`."""
    board = Board(log or FakeLog())
    board.open(LoadedBoard(Document(list(updates)), 0))
    return FrameReceiver(board, PeopleLimits(PersonLimits))
