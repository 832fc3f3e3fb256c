from apps.classroom.models.admission import RoomAdmission, RoomBan
from apps.classroom.models.attendance import Attendance
from apps.classroom.models.board import (
    BoardAuthor,
    BoardQuarantine,
    BoardSnapshot,
    BoardUpdate,
    BoardVersion,
)
from apps.classroom.models.chat import ChatMessage
from apps.classroom.models.file import BoardFile
from apps.classroom.models.session import ClassroomSession

__all__ = [
    "Attendance",
    "BoardAuthor",
    "BoardFile",
    "BoardQuarantine",
    "BoardSnapshot",
    "BoardUpdate",
    "BoardVersion",
    "ChatMessage",
    "ClassroomSession",
    "RoomAdmission",
    "RoomBan",
]
