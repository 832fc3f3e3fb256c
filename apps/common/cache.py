"""Cache backend that uses Redis, and the process's own memory while Redis is unavailable.

Rate limits then count per process (fail open), so that people can still sign in and join lessons.
"""

import json
import logging
import threading
import time
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger("kreida.cache")

CONNECT_SECONDS, ANSWER_SECONDS = 0.5, 1.0
RETRY_SECONDS = 5.0  # pause after a failure before Redis is tried again
REDIS_OPTIONS: dict[str, Any] = {
    "socket_connect_timeout": CONNECT_SECONDS,
    "socket_timeout": ANSWER_SECONDS,
    "retry": Retry(NoBackoff(), 1),  # a pooled connection breaks when Redis restarts
}


class JsonSerializer:
    """JSON instead of pickle, so that write access to Redis does not allow code execution."""

    def dumps(self, value: Any) -> bytes:
        return json.dumps(value).encode()

    def loads(self, data: bytes) -> Any:
        return json.loads(data)


class CircuitBreaker:
    """Remembers that Redis failed, so that only one request per RETRY_SECONDS waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._retry_at: float | None = None

    def allows_request(self) -> bool:
        if self._retry_at is None:
            return True
        with self._lock:
            now = time.monotonic()
            if self._retry_at is None or now < self._retry_at:
                return self._retry_at is None
            self._retry_at = now + RETRY_SECONDS
            return True

    def record_failure(self) -> None:
        with self._lock:
            was_closed = self._retry_at is None
            self._retry_at = time.monotonic() + RETRY_SECONDS
        if was_closed:
            log.exception("Redis does not answer; caching in memory of this process until it does")

    def record_success(self) -> None:
        if self._retry_at is None:
            return
        with self._lock:
            self._retry_at = None
        log.warning("Redis answers again")


# Keyed by server; Django creates a cache object per thread.
_breakers: dict[str, CircuitBreaker] = {}


class FallbackCache(RedisCache):
    """Django's Redis cache; an operation that fails is repeated on a cache in local memory."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        options = {"serializer": JsonSerializer(), **REDIS_OPTIONS, **params.get("OPTIONS", {})}
        super().__init__(server, {**params, "OPTIONS": options})
        self._local = LocMemCache(
            f"fallback:{server}", {**params, "OPTIONS": {"MAX_ENTRIES": 100_000}}
        )
        self._breaker = _breakers.setdefault(str(server), CircuitBreaker())

    def add(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> bool:
        return bool(self._call("add", key, value, *args, **kwargs))

    def get(self, key: Any, *args: Any, **kwargs: Any) -> Any:
        return self._call("get", key, *args, **kwargs)

    def set(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> None:
        self._call("set", key, value, *args, **kwargs)

    def touch(self, key: Any, *args: Any, **kwargs: Any) -> bool:
        return bool(self._call("touch", key, *args, **kwargs))

    def delete(self, key: Any, *args: Any, **kwargs: Any) -> bool:
        return bool(self._call("delete", key, *args, **kwargs))

    def get_many(self, keys: Any, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        found: dict[Any, Any] = self._call("get_many", keys, *args, **kwargs)
        return found

    def has_key(self, key: Any, *args: Any, **kwargs: Any) -> bool:
        return bool(self._call("has_key", key, *args, **kwargs))

    def incr(self, key: Any, *args: Any, **kwargs: Any) -> int:
        return int(self._call("incr", key, *args, **kwargs))

    def set_many(self, data: Any, *args: Any, **kwargs: Any) -> list[Any]:
        return list(self._call("set_many", data, *args, **kwargs))

    def delete_many(self, keys: Any, *args: Any, **kwargs: Any) -> None:
        self._call("delete_many", keys, *args, **kwargs)

    def clear(self) -> None:
        self._local.clear()
        self._call("clear")

    def _call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        if self._breaker.allows_request():
            try:
                result = getattr(RedisCache, name)(self, *args, **kwargs)
            except RedisError:
                self._breaker.record_failure()
            else:
                self._breaker.record_success()
                return result
        return getattr(self._local, name)(*args, **kwargs)
