"""Reads of a room's content, from columns to JSON."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from apps.classroom.held import visits_that_taught
from apps.classroom.lessons import get_lessons
from apps.classroom.models import Attendance, BoardVersion, ChatMessage
from apps.classroom.models.attendance import MAX_INTERRUPTION, PRESENCE_TIMEOUT
from apps.classroom.policies import Role

Row = dict[str, Any]

# On the pages a connection lost for longer is still one visit.
MAX_ABSENCE = timedelta(minutes=10)
MAX_ATTENDANCE_ROWS = 1000  # read at most: the newest
MAX_MESSAGES = 200
MAX_CHAT_TEXT = 128 * 1024  # characters in one response, unless a single message is longer


def newest_messages(
    session_id: int, *, limit: int, since: datetime | None = None, before: int | None = None
) -> tuple[list[ChatMessage], bool]:
    """Return the newest messages, oldest first, and whether there are older ones.

    There are fewer than `limit` if their texts would exceed MAX_CHAT_TEXT together.
    """
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
    """Return a page of the chat; None if `before` is not a message of this room."""
    before_id: int | None = None
    if before is not None:
        message_ids = ChatMessage.objects.filter(session=session_id, uuid=before)
        before_id = message_ids.values_list("pk", flat=True).first()
        if before_id is None:
            return None
    messages, more = newest_messages(session_id, limit=limit, since=since, before=before_id)
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


def attendance(
    session_id: int,
    now: datetime,
    since: datetime | None = None,
    max_interruption: timedelta = MAX_INTERRUPTION,
) -> list[Row]:
    """Return attendance intervals by their start, without those that ended before `since`.

    They are made of the newest MAX_ATTENDANCE_ROWS connections. Connections of one person that
    overlap, or are at most `max_interruption` apart, make one interval; `left_at` is null while the
    person is in the room.
    """
    columns = ("person", "name", "role", "joined_at", "seen_at", "left_at")
    rows = Attendance.objects.filter(session=session_id).order_by("-joined_at", "-id")
    newest = list(rows.values_list(*columns)[:MAX_ATTENDANCE_ROWS])
    intervals: list[Row] = []
    latest: dict[str, Row] = {}
    for person, name, role, joined_at, seen_at, left_at in reversed(newest):
        end = left_at
        if end is None and seen_at <= now - PRESENCE_TIMEOUT:
            end = seen_at  # its process died before recording the end
        interval = latest.get(person)
        if interval is not None and (
            interval["left_at"] is None or joined_at <= interval["left_at"] + max_interruption
        ):
            if end is None or (interval["left_at"] is not None and end > interval["left_at"]):
                interval["left_at"] = end
            continue
        latest[person] = {
            "person": {"name": name, "role": role},
            "joined_at": joined_at,
            "left_at": end,
        }
        intervals.append(latest[person])
    if since is None:
        return intervals
    return [row for row in intervals if row["left_at"] is None or row["left_at"] >= since]


def tutor_presence(lesson_ids: Collection[int], now: datetime) -> dict[int, bool]:
    """For lessons that their tutor has taught in the room: whether the tutor is in it now."""
    rows = Attendance.objects.filter(role=Role.TUTOR, session__lesson__in=lesson_ids)
    present = rows.present(now).values_list("session__lesson", flat=True)
    taught = visits_that_taught(get_lessons()).filter(session__lesson__in=lesson_ids)
    is_in = set(present)
    return {id_: id_ in is_in for id_ in taught.values_list("session__lesson", flat=True)}
