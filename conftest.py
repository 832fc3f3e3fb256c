"""The cast: the people, the classroom and the lesson of most tests, and their clients."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.classrooms.models import Classroom
from apps.lessons.models import Lesson
from tests.builders import HOUR, make_classroom, make_lesson, make_user

pytest_plugins = ["tests.environment"]


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
def coming_lesson(classroom: Classroom, tutor: User, student: User) -> Lesson:
    """A lesson two days from now; `lesson` is over."""
    return make_lesson(tutor, student, timezone.now() + 48 * HOUR)


@pytest.fixture
def api() -> Callable[[User | None], APIClient]:
    """Return a function that makes a client, signed in if a user is given."""

    def client(user: User | None = None) -> APIClient:
        signed_in = APIClient()
        if user is not None:
            signed_in.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
        return signed_in

    return client
