"""Notify rooms from HTTP code, from any thread and any process.

Without Redis only the rooms of this process are notified. With Redis every process is, including
this one. A message lost because Redis failed is made up for by the periodic access check.
"""

import logging
from uuid import UUID, uuid4

from django.conf import settings

from apps.classroom.realtime.board.yproto import UPDATE, sync_frame
from apps.classroom.realtime.cluster.bus import channel_of, seal_messages
from apps.classroom.realtime.cluster.messages import BoardFrame, BusMessage, Recheck
from apps.classroom.realtime.server.registry import RoomRegistry
from apps.classroom.stored_rooms import room_of_lesson

log = logging.getLogger("kreida.room")


def recheck(room: UUID) -> None:
    """Make every process check the access of the room's people now."""
    if RoomRegistry.current is not None:
        RoomRegistry.current.recheck_threadsafe(room)
    _publish_to_processes(room, Recheck())


def recheck_lesson(lesson_id: int) -> None:
    """Recheck the room of a lesson, if it has one. Call it after the commit."""
    room = room_of_lesson(lesson_id)
    if room is not None:
        recheck(room)


def draw(room: UUID, update: bytes) -> None:
    """Apply an update that is already stored to the open board, and broadcast it."""
    if RoomRegistry.current is not None:
        RoomRegistry.current.apply_update_threadsafe(room, update)
    _publish_to_processes(room, BoardFrame(sync_frame(UPDATE, update)))


def _publish_to_processes(room: UUID, message: BusMessage) -> None:
    """Publish to all processes; this one receives the message a second time, without effect."""
    if not settings.REDIS_URL:
        return
    from redis import Redis, RedisError  # noqa: PLC0415 -- 7 MB, which others need not load
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    channel = channel_of(room)
    # Threads may publish in any order, and receivers reject timestamps of one sender that do not
    # increase: each message therefore has a sender of its own.
    sender = f"control-{uuid4().hex}"
    no_retry = Retry(NoBackoff(), 0)  # an HTTP request waits for this
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=1, retry=no_retry) as redis:
            redis.publish(channel, seal_messages(channel, sender, [message]))
    except RedisError:
        log.exception("the other processes could not be notified")
