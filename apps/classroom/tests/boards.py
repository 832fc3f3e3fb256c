"""Boards for tests: in memory without other processes, as updates, and as stored."""

import asyncio

from django.db import connection
from pycrdt import Doc, Map

from apps.classroom import board_log
from apps.classroom.realtime.board.board import Board, LoadedBoard
from apps.classroom.realtime.board.document import Document
from apps.classroom.realtime.board.limits import PeopleLimits, PersonLimits
from apps.classroom.realtime.board.receiver import FrameReceiver

# A value whose parent is a number, which cannot have children.
NUMBER_UPDATE = b"\x01\x01\x0b\x00\x08\x01\x01a\x01\x7d\x01\x00"
CHILD_OF_NUMBER_UPDATE = b"\x01\x01\x0c\x00\x28\x00\x0b\x00\x01q\x01\x7d\x01\x00"


class FakeLog:
    """Keeps what a board stores and publishes."""

    def __init__(self):
        self.stored, self.published, self.authors = [], [], {}

    def append(self, update):
        self.stored.append(update)

    def add_author(self, client, person):
        self.authors[client] = person

    def publish(self, frame):
        self.published.append(frame)


def open_board(*updates, log=None):
    """Return the receiver of an open board, built from `updates`."""
    board = Board(log or FakeLog())
    board.open(LoadedBoard(Document(list(updates)), 0))
    return FrameReceiver(board, PeopleLimits(PersonLimits))


class DrawingClient:
    """A client's document, with its updates in order."""

    def __init__(self, client):
        self.doc = Doc(client_id=client)
        self.updates = []
        self.map = self.doc.get("elements:1", type=Map)
        self.doc.observe(lambda event: self.updates.append(event.update))


def content(update):
    doc = Doc()
    doc.apply_update(update)
    return doc.get("elements:1", type=Map).to_py() or {}


def drawing(**elements):
    doc = Doc()
    doc.get("elements:1", type=Map).update(elements)
    return doc.get_update()


def stored(lesson):
    return board_log.load_document(lesson.session.pk).get("elements:1", type=Map).to_py() or {}


def in_thread(call):
    """Call a database function in another thread, so that its connection is closed."""

    def work():
        try:
            return call()
        finally:
            connection.close()

    return asyncio.to_thread(work)
