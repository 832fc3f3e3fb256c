"""`/healthz` says that the process lives, `/readyz` that it can serve."""

import logging

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from redis.exceptions import RedisError

from apps.common.json import json_response

log = logging.getLogger("kreida.health")


def healthz(request: HttpRequest) -> HttpResponse:
    return json_response({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the database (and Redis, where configured) answers, else 503 with what does not."""
    failing = []
    try:
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        log.exception("the database does not answer")
        failing.append("database")
    try:
        cache.get("readyz")
    except RedisError:
        log.exception("Redis does not answer")
        failing.append("redis")
    if failing:
        return json_response({"status": "unavailable", "failing": failing}, 503)
    return json_response({"status": "ok"})
