"""The cast of the tests, and plain builders. A test that needs more people makes them here too."""

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
    """SQLite in a file: the room's tests run a server, whose threads and processes share it."""
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        database.setdefault("TEST", {})["NAME"] = str(file)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """The room's threads keep their connections, and PostgreSQL drops no database in use."""
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
    """A request leaves its language active in its thread, here the one of the next test too."""
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
    """With its session; in a classroom the two share, made if they share none."""
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
    """The tutor's, with the student as its one ACTIVE member."""
    return make_classroom(tutor, student)


@pytest.fixture
def lesson(classroom: Classroom, tutor: User, student: User) -> Lesson:
    return make_lesson(tutor, student)


@pytest.fixture
def api() -> Callable[[User | None], APIClient]:
    """A client signed in as that person, or as nobody."""

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
    """Passwords hashed quickly, and static files by their own names: slow hashing would be most
    of the time of a test that signs in, and hashed names need collectstatic first."""
    static = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        STORAGES={**settings.STORAGES, "staticfiles": static},
    ):
        yield


def sign_up(**changes: object) -> HttpResponse:
    """allauth's headless sign-up, as a client of the API does it."""
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
    """Leaves out, and counts as deselected, what only the other database can show."""
    on_postgres = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
    other = "sqlite" if on_postgres else "postgres"
    left_out = [item for item in items if item.get_closest_marker(other)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture
def log_lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the server's log has said since the test began, as its own formatter writes it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """For one test, which may stop it and start it again."""
    running = RedisServer()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """For tests that leave it running."""
    running = RedisServer()
    yield running.url
    running.stop()
