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

from apps.classroom.facts import room_of_lesson
from apps.classroom.realtime.bus import channel_of, sealed
from apps.classroom.realtime.hub import Hub
from apps.classroom.realtime.messages import BusMessage, Frame, Recheck
from apps.classroom.realtime.yproto import UPDATE, sync_frame

log = logging.getLogger("kreida.room")


def recheck(room: UUID) -> None:
    """Somebody's right to be in the room may have changed: look now."""
    if Hub.current is not None:
        Hub.current.recheck_soon(room)
    _tell_others(room, Recheck())


def recheck_lesson(lesson_id: int) -> None:
    """The same by the lesson, if it has a room. Call it after the commit."""
    room = room_of_lesson(lesson_id)
    if room is not None:
        recheck(room)


def draw(room: UUID, update: bytes) -> None:
    """An update that is stored already, for everybody who looks at the board."""
    if Hub.current is not None:
        Hub.current.take_update(room, update)
    _tell_others(room, Frame(sync_frame(UPDATE, update)))


def _tell_others(room: UUID, message: BusMessage) -> None:
    """The hub of this process hears it a second time, which changes nothing."""
    if not settings.REDIS_URL:
        return
    channel = channel_of(room)
    # Of several threads at once it is open who publishes first, so each speaks for itself.
    sender = f"control-{uuid4().hex}"
    once = Retry(NoBackoff(), 0)  # a request waits for this
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=1, retry=once) as redis:
            redis.publish(channel, sealed(channel, sender, [message]))
    except RedisError:
        log.exception("the other processes could not be told")
