import pytest
from django.test import Client
from rest_framework.test import APIClient

from apps.accounts.models import User
from tests.builders import AUTH, PASSWORD, sign_up


@pytest.fixture
def person(db):
    """A student who has signed up as new@school.example."""
    sign_up()
    return User.objects.get(email="new@school.example")


@pytest.fixture
def browser(person):
    """A client of the pages, signed in as `person`."""
    client = Client()
    client.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    return client


@pytest.fixture
def meta(person):
    """The tokens of an API client that has signed in as `person`."""
    answer = APIClient().post(f"{AUTH}/login", {"email": person.email, "password": PASSWORD})
    return answer.json()["meta"]


@pytest.fixture
def security_events(log_lines):
    """Return a function that gives the security events since the start of the test."""
    return lambda: [
        line["event"] for line in log_lines() if line.get("logger") == "kreida.security"
    ]
