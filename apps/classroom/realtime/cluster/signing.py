"""Sign what is written to Redis: only this installation's processes are accepted, and only once."""

import hashlib
import hmac
import logging
import threading
import time
from functools import cache

from django.conf import settings

from apps.common.keys import derive_key

log = logging.getLogger("kreida.room")

_SIZE = hashlib.sha256().digest_size
_LOG_EVERY = 60.0  # seconds
# Seconds a message may take to arrive, including the difference between two machines' clocks.
MAX_AGE = 60.0


class BadSignature(Exception):
    """Written by another installation or an older release, or forged."""


@cache
def _key(secret: str) -> bytes:
    return bytes.fromhex(derive_key(secret, "room-bus"))


@cache
def _id(secret: str) -> str:
    return derive_key(secret, "installation")[:16]


def installation() -> str:
    """Return the installation's id in Redis, derived from SECRET_KEY."""
    return _id(settings.SECRET_KEY)


def seal(context: str, data: bytes) -> bytes:
    """Prepend a signature that is valid only for `context` (a channel or a key)."""
    return _sign(context, data) + data


def unseal(context: str, sealed: bytes) -> bytes:
    """Verify a sealed value and return its data. Raises BadSignature."""
    signature, data = sealed[:_SIZE], sealed[_SIZE:]
    if not hmac.compare_digest(signature, _sign(context, data)):
        raise BadSignature
    return data


def _sign(context: str, data: bytes) -> bytes:
    return hmac.digest(_key(settings.SECRET_KEY), context.encode() + b"\0" + data, "sha256")


class Timestamps:
    """The current time, strictly increasing over all threads, unless the clock is set back by more
    than MAX_AGE: the others would not accept a time that far in the future."""

    def __init__(self) -> None:
        self._last = 0.0
        self._lock = threading.Lock()

    def next(self) -> float:
        with self._lock:
            now = time.time()
            self._last = now if self._last > now + MAX_AGE else max(now, self._last + 1e-6)
            return self._last


class ReplayGuard:
    """Remembers the last timestamp of each sender.

    Messages older than MAX_AGE are rejected anyway, so older entries are forgotten; so are those
    that are in the future because the clock was set back.
    """

    def __init__(self) -> None:
        self._last: dict[str, float] = {}  # the most recent sender comes last

    def accept(self, sender: str, sent_at: float) -> bool:
        """Record a message's timestamp; return False for a replayed or expired one."""
        now = time.time()
        while self._last:
            first = next(iter(self._last))
            if abs(now - self._last[first]) <= MAX_AGE:
                break
            del self._last[first]
        if self._last.get(sender, 0.0) > now + MAX_AGE:
            del self._last[sender]
        if abs(now - sent_at) > MAX_AGE or sent_at <= self._last.get(sender, 0.0):
            return False
        self._last.pop(sender, None)
        self._last[sender] = sent_at
        return True


class RejectedCount:
    """Counts rejected messages and logs their number at most once a minute."""

    def __init__(self) -> None:
        self._count, self._logged_at = 0, float("-inf")

    def add(self) -> None:
        self._count += 1
        now = time.monotonic()
        if now - self._logged_at >= _LOG_EVERY:
            log.warning("rejected messages on Redis", extra={"data": {"count": self._count}})
            self._count, self._logged_at = 0, now
