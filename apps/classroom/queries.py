"""What a room left behind, straight from columns to JSON."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from apps.classroom.models import Attendance, BoardVersion, ChatMessage
from apps.classroom.models.attendance import UNSEEN

Row = dict[str, Any]

# A reload or a lost connection is no absence.
BRIDGED = timedelta(seconds=30)
MAX_MESSAGES = 200
MAX_CHAT_TEXT = 128 * 1024  # characters in one answer, unless a single message is longer


def newest_messages(
    session_id: int, *, limit: int, since: datetime | None = None, before: int | None = None
) -> tuple[list[ChatMessage], bool]:
    """In the order they were written, and whether there are older ones. Fewer than `limit` where
    their texts would be longer than MAX_CHAT_TEXT together."""
    found = ChatMessage.objects.filter(session=session_id).order_by("-id")
    if since is not None:
        found = found.filter(sent_at__gte=since)
    if before is not None:
        found = found.filter(pk__lt=before)
    page: list[ChatMessage] = []
    length = 0
    for message in found[: limit + 1]:
        length += len(message.text)
        if len(page) == limit or (page and length > MAX_CHAT_TEXT):
            return page[::-1], True
        page.append(message)
    return page[::-1], False


def chat(
    session_id: int, *, limit: int, since: datetime | None, before: UUID | None = None
) -> Row | None:
    """A page of the chat; None where `before` is no message of this room."""
    at: int | None = None
    if before is not None:
        named = ChatMessage.objects.filter(session=session_id, uuid=before)
        at = named.values_list("pk", flat=True).first()
        if at is None:
            return None
    messages, more = newest_messages(session_id, limit=limit, since=since, before=at)
    rows = [
        {"id": m.uuid, "person": m.person, "name": m.name, "role": m.role, "text": m.text,
         "sent_at": m.sent_at}
        for m in messages
    ]  # fmt: skip
    return {"results": rows, "before": messages[0].uuid if more else None}


def versions(session_id: int, since: datetime | None) -> list[Row]:
    rows = BoardVersion.objects.filter(session=session_id).order_by("id")
    if since is not None:
        rows = rows.filter(created_at__gte=since)
    return [{"id": pk, "created_at": at} for pk, at in rows.values_list("id", "created_at")]


def attendance(session_id: int, now: datetime, since: datetime | None = None) -> list[Row]:
    """Stays by their beginning: a person's connections that overlap, or nearly meet, are one.
    `left_at` is null while they are there. Who had left before `since` is not among them."""
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
    if since is None:
        return stays
    return [stay for stay in stays if stay["left_at"] is None or stay["left_at"] >= since]
