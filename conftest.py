"""Fixtures and factory functions for all tests."""

import io
import json
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.http import HttpResponse
from django.test import override_settings
from django.utils import translation
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.classroom.realtime.server.db import THREADS, _pool
from apps.classroom.services import get_or_create_session
from apps.classrooms.models import Classroom, Membership
from apps.common.logs import JsonFormatter
from apps.lessons.models import Lesson
from tests.server import RedisServer

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
_numbers = count(1)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Put SQLite in a file, which the threads and processes of the room's tests share."""
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        database.setdefault("TEST", {})["NAME"] = str(file)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Close the connections of the room's threads: PostgreSQL drops no database in use."""
    yield
    all_at_once = threading.Barrier(THREADS, timeout=20)

    def close() -> None:
        all_at_once.wait()
        connections.close_all()

    for closed in [_pool.submit(close) for _ in range(THREADS)]:
        closed.result()


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def _default_language() -> Iterator[None]:
    """Reset the language, which a request leaves active in its thread."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


def make_user(role: str, first_name: str = "", last_name: str = "", **fields: object) -> User:
    number = next(_numbers)
    fields.setdefault("email", f"{role}{number}@school.example")
    return User.objects.create_user(
        password=None,
        first_name=first_name or role.title(),
        last_name=last_name or f"Number{number:04}",
        role=role,
        **fields,
    )


def make_classroom(tutor: User, *students: User, name: str = "Algebra") -> Classroom:
    classroom = Classroom.objects.create(tutor=tutor, name=name)
    for student in students:
        make_membership(classroom, student)
    return classroom


def make_membership(classroom: Classroom, student: User, status: str = "active") -> Membership:
    return Membership.objects.create(
        classroom=classroom, student=student, status=status, joined_at=NOON - 30 * 24 * HOUR
    )


def make_lesson(
    tutor: User,
    student: User,
    starts_at: datetime = NOON,
    length: timedelta = HOUR,
    **fields: object,
) -> Lesson:
    """Create a lesson with its session, in a classroom that the two share or a new one."""
    shared = Classroom.objects.filter(tutor=tutor, memberships__student=student).first()
    lesson = Lesson.objects.create(
        tutor=tutor,
        student=student,
        classroom=shared or make_classroom(tutor, student),
        starts_at=starts_at,
        ends_at=starts_at + length,
        **fields,
    )
    get_or_create_session(lesson_id=lesson.pk)
    return lesson


@pytest.fixture
def tutor(db: None) -> User:
    return make_user("tutor", "Тарас", "Вчитель")


@pytest.fixture
def student(db: None) -> User:
    return make_user("student", "Олена", "Коваль")


@pytest.fixture
def other_tutor(db: None) -> User:
    return make_user("tutor", "Other", "Tutor")


@pytest.fixture
def stranger(db: None) -> User:
    """A student whom the tutor does not teach."""
    return make_user("student", "Some", "Stranger")


@pytest.fixture
def staff(db: None) -> User:
    return make_user("tutor", "Staff", "Person", is_staff=True)


@pytest.fixture
def classroom(tutor: User, student: User) -> Classroom:
    """A classroom of the tutor with the student as its only active member."""
    return make_classroom(tutor, student)


@pytest.fixture
def lesson(classroom: Classroom, tutor: User, student: User) -> Lesson:
    return make_lesson(tutor, student)


@pytest.fixture
def api() -> Callable[[User | None], APIClient]:
    """Return a function that makes a client, signed in if a user is given."""

    def client(user: User | None = None) -> APIClient:
        signed_in = APIClient()
        if user is not None:
            signed_in.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
        return signed_in

    return client


PASSWORD = "a-long-pass-phrase-7"
AUTH = "/_allauth/app/v1/auth"


@pytest.fixture(autouse=True)
def _quick_settings() -> Iterator[None]:
    """Use a fast password hasher, since hashing dominates a test that signs in, and unhashed names
    of static files, which need no collectstatic."""
    static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        STORAGES={**settings.STORAGES, "staticfiles": static},
    ):
        yield


def sign_up(**changes: object) -> HttpResponse:
    """Sign up through allauth's headless API."""
    sent = {
        "email": "new@school.example",
        "password": PASSWORD,
        "first_name": "Нова",
        "last_name": "Людина",
        "role": "tutor",
        **changes,
    }
    return APIClient().post(f"{AUTH}/signup", sent)


def bearer(token: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that are marked for the other database."""
    on_postgres = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
    other = "sqlite" if on_postgres else "postgres"
    left_out = [item for item in items if item.get_closest_marker(other)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture
def log_lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Return a function that gives the log lines since the start of the test, parsed from JSON."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """A Redis server for one test, which may stop and restart it."""
    running = RedisServer()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL of a Redis server shared by tests that do not stop it."""
    running = RedisServer()
    yield running.url
    running.stop()
