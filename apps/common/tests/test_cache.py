"""The cache while Redis is there, hangs, is away, and comes back."""

import json
import socket
import time

import pytest
from django.core.cache import caches

from apps.common import cache as module


@pytest.fixture
def cache(settings, monkeypatch):
    """Of an address given later; each test has breakers of its own."""
    monkeypatch.setattr(module, "_breakers", {})

    def make(location: str):
        return module.FallbackCache(location, {})

    return make


def test_claim_without_redis_is_kept_in_memory(cache):
    away = cache("redis://127.0.0.1:1/0")
    assert away.add("claim", True, 60)
    assert not away.add("claim", True, 60)
    away.set("history", [1.5, 2.5], 60)
    assert away.get("history", []) == [1.5, 2.5]
    away.delete("history")
    assert away.get("history", []) == []


def test_redis_that_hangs_is_waited_for_once(cache):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hanging = cache(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        began = time.monotonic()
        for number in range(50):
            hanging.set(f"key{number}", number, 60)
        assert time.monotonic() - began < 3 * module.ANSWER_SECONDS


@pytest.mark.redis
def test_redis_that_returns_is_used_again(cache, redis, monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.0)
    kept = cache(redis.url)
    kept.set("key", "remote", 60)
    redis.stop()
    kept.set("key", "local", 60)
    assert kept.get("key") == "local"
    redis.start()
    assert kept.get("key") is None  # it came back empty
    assert kept._breaker._retry_at is None


@pytest.mark.redis
def test_values_are_json_and_no_pickle(cache, redis):
    kept = cache(redis.url)
    for value in ([1.5, 2.0], True, "Олена", None, 7, {"a": [1]}):
        kept.set("key", value, 60)
        assert kept.get("key") == value
        raw = kept._cache.get_client(None).get(kept.make_and_validate_key("key"))
        assert json.loads(raw) == value


@pytest.mark.redis
def test_counter_counts(cache, redis):
    kept = cache(redis.url)
    kept.set("count", 1, 60)
    assert kept.incr("count") == 2
    assert kept.get("count") == 2


def test_the_configured_cache_has_the_methods_of_django():
    assert caches["default"].get_or_set("a", 1, 5) == 1
