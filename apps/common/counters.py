"""Counters in the cache, which concurrent requests can increase."""

from contextlib import suppress

from django.core.cache import cache


def count_up(key: str, amount: int, window: int) -> int:
    """Add to the counter and return its value; `key` contains the number of the window."""
    value = amount
    cache.add(key, 0, 2 * window)
    with suppress(ValueError):  # Redis failed or came back in between, so it is in the other cache
        value = cache.incr(key, amount)
    return value
