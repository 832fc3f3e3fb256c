"""Random requests generated from the OpenAPI document get documented responses.

Every operation is requested anonymously, as a student and as a tutor: there is no server error and
no undocumented status, media type or schema, and invalid requests are refused.
"""

import re
from contextlib import contextmanager, suppress
from functools import cache

import pytest
import schemathesis
from django.core.exceptions import ValidationError
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.http import HttpResponse
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode, checks
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks as openapi

from apps.accounts.api.views import MeView
from apps.accounts.models import User
from apps.classroom.models import BoardVersion
from apps.common.text import clean_name, clean_text
from config.wsgi import application
from tests.builders import make_classroom, make_lesson, make_series, sign_up
from tests.test_permissions import TABLE

pytestmark = pytest.mark.django_db

CHECKS = [
    checks.not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_schema_conformance,
    openapi.response_headers_conformance,
    openapi.negative_data_rejection,
    openapi.unsupported_method,
]


def _parameter(match):
    """Return the document's name of a path parameter of TABLE."""
    kind = "uuid" if match[1] in ("session", "file") else "id"
    return f"{{{match[1]}_{kind}}}"


OPERATIONS = [
    (method, "/api/" + re.sub(r"\{(\w+)\}", _parameter, route))
    for route, method, *_ in TABLE
    if route not in ("schema/", "docs/", "no-such-path/")
]


@cache
def document():
    return schemathesis.openapi.from_wsgi("/api/schema/", application)


@contextmanager
def one_connection():
    """Keep the database connection open after a request, as Django's test client does: closing it
    would end the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def people_and_lesson(django_db_setup, django_db_blocker):
    """A tutor and a student with access tokens, and what they share; each test runs in a savepoint
    of this transaction."""
    with django_db_blocker.unblock(), transaction.atomic():
        tokens = {
            role: sign_up(email=f"{role}@x.example", role=role).json()["meta"]["access_token"]
            for role in ("tutor", "student")
        }
        tutor, student = (User.objects.get(role=role) for role in ("tutor", "student"))
        classroom = make_classroom(tutor, student)
        lesson = make_lesson(tutor, student)
        ids = {
            "lesson_id": lesson.pk,
            "session_uuid": str(lesson.session.uuid),
            "version_id": BoardVersion.objects.create(session=lesson.session, state=b"\0\0").pk,
            "classroom_id": classroom.pk,
            "membership_id": classroom.memberships.get().pk,
            "series_id": make_series(tutor, student).pk,
        }
        yield tokens, ids
        transaction.set_rollback(True)


@pytest.fixture
def school(people_and_lesson, db, settings):
    """Tokens and ids of `people_and_lesson`, without throttling."""
    with one_connection():
        document()  # before a test replaces a documented view
    settings.THROTTLING = False
    return people_and_lesson


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_responses_match_the_document(school, method, path, mode):
    request_as({"nobody": 3, "student": 10, "tutor": 10}, school, method, path, mode)


def request_as(people, school, method, path, mode):
    """Send generated requests as each person, who has a number of them. Making a request takes
    longer than its response, so all get the same ones."""
    tokens, ids = school
    operation = document()[path][method]
    real = {name: value for name, value in ids.items() if f"{{{name}}}" in path}
    strategy = operation.as_strategy(generation_mode=mode)
    if real:
        strategy |= operation.as_strategy(generation_mode=mode, path_parameters=real)
    left = dict(people)

    @given(case=strategy)
    @settings(
        max_examples=max(people.values()),
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case):
        for person in [name for name, number in left.items() if number > 0]:
            left[person] -= 1
            known = {"Authorization": f"Bearer {tokens[person]}"} if person in tokens else {}
            validate(case, headers=known)

    ask()


def validate(case, headers):
    """Send a request and undo what it wrote; check the response."""
    before = transaction.savepoint()
    with one_connection():
        answer = case.call(headers=headers)
    transaction.savepoint_rollback(before)
    is_too_large = answer.status_code == 413  # refused before it is validated
    uncertain = is_too_large or _has_hidden_characters(case.body)
    checks = [
        check for check in CHECKS if not (uncertain and check is openapi.negative_data_rejection)
    ]
    case.validate_response(answer, checks=checks)


def _has_hidden_characters(body):
    """Whether a text becomes shorter before its length is checked."""
    texts = (
        [text for text in body.values() if isinstance(text, str)] if isinstance(body, dict) else []
    )
    return any(_stored_length(text) < len(text) for text in texts)


def _stored_length(text):
    with suppress(ValidationError):
        return min(len(clean_text(text)), len(clean_name(text, len(text))))
    return len(clean_text(text))


@pytest.mark.parametrize(
    "answer",
    [
        HttpResponse(status=418),
        HttpResponse(b"{}", content_type="application/json"),
        HttpResponse(b"<html>", content_type="text/html"),
        HttpResponse(b"{}", status=500, content_type="application/json"),
    ],
)
def test_undocumented_response_is_detected(school, monkeypatch, answer):
    monkeypatch.setattr(MeView, "get", lambda *_args: answer)
    with pytest.raises(FailureGroup):
        request_as({"tutor": 10}, school, "GET", "/api/me/", GenerationMode.POSITIVE)
