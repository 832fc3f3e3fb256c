import pytest

from apps.accounts.models import User
from tests.builders import sign_up


@pytest.fixture
def person(db):
    """A student who has signed up as new@school.example."""
    sign_up()
    return User.objects.get(email="new@school.example")
