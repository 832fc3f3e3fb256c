"""What the rest of the server tells the rooms, from any thread and any process.

Without Redis the rooms are in this process or nowhere. With it, every process hears, this one
too; a message that Redis could not take is made good by the rooms' own regular look at the
database.
"""

import logging
from uuid import UUID, uuid4

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from apps.classroom.realtime.board.yproto import UPDATE, sync_frame
from apps.classroom.realtime.cluster.bus import channel_of, seal_messages
from apps.classroom.realtime.cluster.messages import BoardFrame, BusMessage, Recheck
from apps.classroom.realtime.server.registry import RoomRegistry
from apps.classroom.room_access import room_of_lesson

log = logging.getLogger("kreida.room")


def recheck(room: UUID) -> None:
    """Somebody's right to be in the room may have changed: look now."""
    if RoomRegistry.current is not None:
        RoomRegistry.current.recheck_threadsafe(room)
    _publish_to_processes(room, Recheck())


def recheck_lesson(lesson_id: int) -> None:
    """The same by the lesson, if it has a room. Call it after the commit."""
    room = room_of_lesson(lesson_id)
    if room is not None:
        recheck(room)


def draw(room: UUID, update: bytes) -> None:
    """An update that is stored already, for everybody who looks at the board."""
    if RoomRegistry.current is not None:
        RoomRegistry.current.apply_update_threadsafe(room, update)
    _publish_to_processes(room, BoardFrame(sync_frame(UPDATE, update)))


def _publish_to_processes(room: UUID, message: BusMessage) -> None:
    """The hub of this process hears it a second time, which changes nothing."""
    if not settings.REDIS_URL:
        return
    channel = channel_of(room)
    # Of several threads at once it is open who publishes first, so each speaks for itself.
    sender = f"control-{uuid4().hex}"
    once = Retry(NoBackoff(), 0)  # a request waits for this
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=1, retry=once) as redis:
            redis.publish(channel, seal_messages(channel, sender, [message]))
    except RedisError:
        log.exception("the other processes could not be told")
