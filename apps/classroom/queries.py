"""What a room left behind, straight from columns to JSON."""

from datetime import datetime, timedelta
from typing import Any

from apps.classroom.models import Attendance, BoardVersion, ChatMessage
from apps.classroom.models.attendance import UNSEEN

Row = dict[str, Any]

# A reload or a lost connection is no absence.
BRIDGED = timedelta(seconds=30)
MAX_MESSAGES = 10_000


def chat(session_id: int) -> list[Row]:
    columns = ("uuid", "person", "name", "role", "text", "sent_at")
    rows = ChatMessage.objects.filter(session=session_id).order_by("id")[:MAX_MESSAGES]
    return [
        {"id": uuid, "person": person, "name": name, "role": role, "text": text, "sent_at": sent}
        for uuid, person, name, role, text, sent in rows.values_list(*columns)
    ]


def versions(session_id: int) -> list[Row]:
    rows = BoardVersion.objects.filter(session=session_id).order_by("id")
    return [{"id": pk, "created_at": at} for pk, at in rows.values_list("id", "created_at")]


def attendance(session_id: int, now: datetime) -> list[Row]:
    """Stays by their beginning: a person's connections that overlap, or nearly meet, are one.
    `left_at` is null while they are there."""
    columns = ("person", "name", "role", "joined_at", "seen_at", "left_at")
    rows = Attendance.objects.filter(session=session_id).order_by("joined_at", "id")
    stays: list[Row] = []
    latest: dict[str, Row] = {}
    for person, name, role, joined_at, seen_at, left_at in rows.values_list(*columns):
        end = left_at
        if end is None and seen_at <= now - UNSEEN:
            end = seen_at  # its process did not live to write that they left
        stay = latest.get(person)
        if stay is not None and (stay["left_at"] is None or joined_at <= stay["left_at"] + BRIDGED):
            if end is None or (stay["left_at"] is not None and end > stay["left_at"]):
                stay["left_at"] = end
            continue
        latest[person] = {
            "person": {"name": name, "role": role},
            "joined_at": joined_at,
            "left_at": end,
        }
        stays.append(latest[person])
    return stays
