"""/healthz says that the process lives, /readyz that it can serve."""

import pytest
from django.db import OperationalError, connection

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/healthz/", "/readyz/"])
def test_both_are_ok_for_anyone(api, path):
    answer = api().get(path)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_health_asks_no_database(api, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert api().get("/healthz").status_code == 200


def test_without_a_database_it_is_alive_but_not_ready(api, log_lines):
    def refuse(*_args):
        raise OperationalError("gone, with the password in the reason")

    with connection.execute_wrapper(refuse):
        answer = api().get("/readyz")
        assert api().get("/healthz").status_code == 200
    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "failing": ["database"]}
    assert "the database does not answer" in {line["message"] for line in log_lines()}


def test_without_its_redis_it_is_alive_but_not_ready(api, settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    answer = api().get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "failing": ["redis"]}
    assert api().get("/healthz").status_code == 200
