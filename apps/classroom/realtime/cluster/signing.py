"""What is written to Redis, signed: only this installation's own processes are believed, once."""

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
# Seconds for which a message may be on its way, with what the clocks of two machines differ by.
MAX_AGE = 60.0


class BadSignature(Exception):
    """Written by another installation, an older release, or somebody who has no key."""


@cache
def _key(secret: str) -> bytes:
    return bytes.fromhex(derive_key(secret, "room-bus"))


@cache
def _id(secret: str) -> str:
    return derive_key(secret, "installation")[:16]


def installation() -> str:
    """Names this installation in Redis; processes that share SECRET_KEY share it."""
    return _id(settings.SECRET_KEY)


def seal(place: str, data: bytes) -> bytes:
    """`data` with a signature that is good for `place` (a channel or a key) alone."""
    return _sign(place, data) + data


def unseal(place: str, sealed: bytes) -> bytes:
    """Raises BadSignature."""
    signature, data = sealed[:_SIZE], sealed[_SIZE:]
    if not hmac.compare_digest(signature, _sign(place, data)):
        raise BadSignature
    return data


def _sign(place: str, data: bytes) -> bytes:
    return hmac.digest(_key(settings.SECRET_KEY), place.encode() + b"\0" + data, "sha256")


class Stamps:
    """The time, but never the same twice and never an earlier one, in any thread."""

    def __init__(self) -> None:
        self._last = 0.0
        self._lock = threading.Lock()

    def next(self) -> float:
        with self._lock:
            self._last = max(time.time(), self._last + 1e-6)
            return self._last


class ReplayGuard:
    """Knows what each sender said last. What is older than MAX_AGE is never taken, so senders
    that have been silent for that long need not be remembered."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}  # the one that spoke last is at the end

    def is_new(self, sender: str, sent_at: float) -> bool:
        now = time.time()
        while self._last:
            first = next(iter(self._last))
            if self._last[first] >= now - MAX_AGE:
                break
            del self._last[first]
        if abs(now - sent_at) > MAX_AGE or sent_at <= self._last.get(sender, 0.0):
            return False
        self._last.pop(sender, None)
        self._last[sender] = sent_at
        return True


class RejectedCount:
    """Says how much was rejected, once a minute at most."""

    def __init__(self) -> None:
        self._count, self._logged_at = 0, float("-inf")

    def add(self) -> None:
        self._count += 1
        now = time.monotonic()
        if now - self._logged_at >= _LOG_EVERY:
            log.warning("rejected messages on Redis", extra={"data": {"count": self._count}})
            self._count, self._logged_at = 0, now
