"""The cache while Redis answers, hangs, is unavailable or restarts."""

import contextlib
import json
import socket
from types import SimpleNamespace

import pytest
from django.core.cache import caches

from apps.common import cache as module


@pytest.fixture
def cache(settings, monkeypatch):
    """Return a factory of caches by address; each test has its own circuit breakers."""
    monkeypatch.setattr(module, "_breakers", {})

    def make(location: str):
        return module.FallbackCache(location, {})

    return make


def test_cache_without_redis_uses_memory(cache):
    unavailable = cache("redis://127.0.0.1:1/0")
    assert unavailable.add("claim", True, 60)
    assert not unavailable.add("claim", True, 60)
    unavailable.set("history", [1.5, 2.5], 60)
    assert unavailable.get("history", []) == [1.5, 2.5]
    unavailable.delete("history")
    assert unavailable.get("history", []) == []


@pytest.mark.parametrize("is_redis_configured", [False, True])
def test_thousands_of_keys_in_memory_keep_the_first(cache, is_redis_configured):
    """Django's own limit is 300, past which counters of limits would be forgotten."""
    in_memory = cache("redis://127.0.0.1:1/0") if is_redis_configured else caches["default"]
    in_memory.set("first", 1, 60)
    for number in range(2000):
        in_memory.set(f"key{number}", number, 60)
    assert in_memory.get("first") == 1


def count_connections(server):
    server.setblocking(False)
    count = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            server.accept()[0].close()
            count += 1
    return count


def test_hanging_redis_is_tried_once(cache, monkeypatch):
    """A timed out operation is repeated once, on a new connection."""
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: 0.0))
    with socket.create_server(("127.0.0.1", 0), backlog=100) as silent:
        hanging = cache(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        for number in range(50):
            hanging.set(f"key{number}", number, 60)
        assert count_connections(silent) <= 2


@pytest.mark.redis
def test_redis_is_used_again_after_a_restart(cache, redis, monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.0)
    fallback_cache = cache(redis.url)
    fallback_cache.set("key", "remote", 60)
    redis.stop()
    fallback_cache.set("key", "local", 60)
    assert fallback_cache.get("key") == "local"
    redis.start()
    assert fallback_cache.get("key") is None  # the restarted Redis is empty
    assert fallback_cache._breaker._retry_at is None


@pytest.mark.redis
def test_values_are_stored_as_json(cache, redis):
    fallback_cache = cache(redis.url)
    for value in ([1.5, 2.0], True, "Олена", None, 7, {"a": [1]}):
        fallback_cache.set("key", value, 60)
        assert fallback_cache.get("key") == value
        raw = fallback_cache._cache.get_client(None).get(
            fallback_cache.make_and_validate_key("key")
        )
        assert json.loads(raw) == value


@pytest.mark.redis
def test_incr_increments_a_counter(cache, redis):
    fallback_cache = cache(redis.url)
    fallback_cache.set("count", 1, 60)
    assert fallback_cache.incr("count") == 2
    assert fallback_cache.get("count") == 2


def test_configured_cache_supports_get_or_set():
    assert caches["default"].get_or_set("a", 1, 5) == 1
