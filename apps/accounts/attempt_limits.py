"""Rate limits on failed passwords and codes: delays that grow with each attempt, never a lock.

Attempts are counted by account, whatever spelling of the address or host name was used. A device
on which the account has signed in before has its own count, so strangers cannot delay its owner.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


@dataclass(frozen=True)
class AttemptLimit:
    """Allow `free` attempts, then one each 2, 4, 8… seconds, up to `max_delay`. The count expires
    `window` seconds after the first attempt."""

    name: str
    free: int
    window: int
    max_delay: int


BY_ACCOUNT_AND_ADDRESS = AttemptLimit("account-address", free=5, window=3600, max_delay=900)
BY_ACCOUNT = AttemptLimit("account", free=20, window=3600, max_delay=30)
BY_ADDRESS = AttemptLimit("address", free=100, window=600, max_delay=10)
BY_DEVICE = AttemptLimit("device", free=10, window=3600, max_delay=60)
BY_AUTHENTICATOR_CODE = AttemptLimit("authenticator-code", free=5, window=3600, max_delay=300)
BY_RECOVERY_CODE = AttemptLimit("recovery-code", free=5, window=3600, max_delay=300)

CLOCK_DIFFERENCE = 60  # seconds between the clocks of two machines, at most


class TooManyAttempts(Exception):
    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    @property
    def message(self) -> str:
        wait = format_wait(self.seconds)
        return _("Too many failed attempts. Try again in %(wait)s.") % {"wait": wait}


def format_wait(seconds: int) -> str:
    if seconds < 100:
        return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    minutes = math.ceil(seconds / 60)
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}


@dataclass
class Attempt:
    """A recorded attempt, counted as failed until `undo` is called."""

    counter_keys: list[str] = field(default_factory=list)
    delay_keys: list[str] = field(default_factory=list)

    def undo(self) -> None:
        for counter_key in self.counter_keys:
            _increment(counter_key, -1)
        cache.delete_many(self.delay_keys)


def record_attempt(limits: Sequence[tuple[AttemptLimit, str]]) -> Attempt:
    """Count one attempt against each limit and key. Call it before checking the password or code,
    so that concurrent attempts count too. Raises TooManyAttempts; a refused attempt is not counted.
    """
    attempt = Attempt()
    if not settings.THROTTLING:
        return attempt
    for limit, key in limits:
        wait_seconds = _consume(attempt, limit, key)
        if wait_seconds:
            attempt.undo()
            raise TooManyAttempts(wait_seconds)
    return attempt


def clear_attempts(limits: Sequence[tuple[AttemptLimit, str]]) -> None:
    counter_keys = [_counter_key(limit, key) for limit, key in limits]
    cache.delete_many([*counter_keys, *map(_delay_key, counter_keys)])


def _consume(attempt: Attempt, limit: AttemptLimit, key: str) -> int:
    """Count the attempt; return 0, or the seconds until the next attempt is allowed."""
    counter_key = _counter_key(limit, key)
    delay_key = _delay_key(counter_key)
    now = time.time()
    allowed_at: float = cache.get(delay_key, 0)
    if allowed_at > now + limit.max_delay + CLOCK_DIFFERENCE:  # the clock has been set back
        cache.delete(delay_key)
    elif allowed_at > now:
        return math.ceil(allowed_at - now)
    cache.add(counter_key, 0, limit.window)
    attempts = _increment(counter_key, 1)
    attempt.counter_keys.append(counter_key)
    if attempts >= limit.free:
        delay = min(limit.max_delay, 2 ** min(attempts - limit.free + 1, 16))
        if not cache.add(delay_key, now + delay, delay):
            return int(delay)  # a concurrent attempt was admitted first
        attempt.delay_keys.append(delay_key)
    return 0


def _increment(counter_key: str, change: int) -> int:
    try:
        count: int = cache.incr(counter_key, change)
    except ValueError:  # the counter has expired since it was added
        return 1
    return count


def _counter_key(limit: AttemptLimit, key: str) -> str:
    return f"attempt:{limit.name}:{sha256(key.encode()).hexdigest()}"


def _delay_key(counter_key: str) -> str:
    return f"{counter_key}:gate"
