"""/api/schema/ is the OpenAPI 3.1 document of the API, whole and valid; /api/docs/ shows it."""

import os
import re

import pytest
from django.core.management import call_command
from drf_spectacular.validation import validate_schema
from jsonschema.exceptions import ValidationError

from apps.classrooms.invitations import MAX_PER_TUTOR
from apps.common.openapi import Error
from tests.test_permissions import TABLE

pytestmark = pytest.mark.django_db


@pytest.fixture
def document(api):
    answer = api().get("/api/schema/")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("application/vnd.oai.openapi+json")
    return answer.json()


def test_it_is_openapi_3_1_and_valid(document):
    assert document["openapi"].startswith("3.1.")
    validate_schema(document)


def test_the_validator_would_notice(document):
    del document["info"]["title"]
    with pytest.raises(ValidationError):
        validate_schema(document)


def test_it_is_made_without_a_warning():
    call_command("spectacular", "--fail-on-warn", "--validate", "--file", os.devnull)


def test_every_route_and_method_is_in_it(document):
    documented = {
        (re.sub(r"\{(\w+)_(?:id|uuid)\}", r"{\1}", path.removeprefix("/api/")), method.upper())
        for path, methods in document["paths"].items()
        for method in methods
        if path.startswith("/api/")
    }
    about_itself = {"schema/", "docs/", "no-such-path/"}
    assert documented >= {row[:2] for row in TABLE if row[0] not in about_itself}


def test_every_operation_documents_its_errors_in_the_one_shape(document):
    for path, methods in document["paths"].items():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if status >= "400":
                    shape = answer["content"]["application/json"]["schema"]["$ref"]
                    is_validation = status in ("400", "408", "431")
                    wanted = "ValidationFailure" if is_validation else Error.__name__
                    assert shape.rpartition("/")[2] in (wanted, "Error"), (path, status)


def test_every_operation_documents_the_limits_it_may_meet(document):
    for path, methods in document["paths"].items():
        if not path.startswith("/api/"):
            continue
        for method, operation in methods.items():
            wanted = {"408", "413", "429", "431", "503"} | ({"507"} if method != "get" else set())
            assert wanted <= set(operation["responses"]), (path, method)


def test_both_ways_to_sign_in_are_documented(document):
    schemes = document["components"]["securitySchemes"].values()
    assert {(s["type"], s.get("scheme", s.get("in"))) for s in schemes} == {
        ("http", "bearer"),
        ("apiKey", "cookie"),
    }


def test_the_page_shows_it_without_inline_script(api):
    answer = api().get("/api/docs/")
    page = answer.content.decode()
    assert "swagger-ui" in page
    for script in re.findall(r"<script\b[^>]*>(.*?)</script>", page, re.S):
        assert script.strip() == ""


def test_memberships_and_the_limits_of_invitations_are_described(document):
    status = document["components"]["schemas"]["MembershipShape"]["properties"]["status"]
    for word in ("invited", "active", "paused", "removed", "declined", "left"):
        assert f"`{word}`" in status["description"]
    invite = document["paths"]["/api/classrooms/{classroom_id}/members/"]["post"]
    assert f"after {MAX_PER_TUTOR} invitations" in invite["description"]
    assert "429" in invite["responses"]
