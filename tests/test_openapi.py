"""/api/schema/ is the complete and valid OpenAPI 3.1 document of the API; /api/docs/ shows it."""

import os
import re

import pytest
from django.core.management import call_command
from drf_spectacular.validation import validate_schema
from jsonschema.exceptions import ValidationError

from apps.classroom.access import refusal_error
from apps.classroom.policies import Refusal
from apps.classrooms.invitations import MAX_PER_TUTOR
from tests.test_permissions import TABLE

pytestmark = pytest.mark.django_db


@pytest.fixture
def document(api):
    answer = api().get("/api/schema/")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("application/vnd.oai.openapi+json")
    return answer.json()


def test_document_is_valid_openapi_3_1(document):
    assert document["openapi"].startswith("3.1.")
    validate_schema(document)


def test_validator_rejects_an_invalid_document(document):
    del document["info"]["title"]
    with pytest.raises(ValidationError):
        validate_schema(document)


def test_document_is_generated_without_warnings():
    call_command("spectacular", "--fail-on-warn", "--validate", "--file", os.devnull)


def test_document_has_every_route_and_method(document):
    documented = {
        (re.sub(r"\{(\w+)_(?:id|uuid)\}", r"{\1}", path.removeprefix("/api/")), method.upper())
        for path, methods in document["paths"].items()
        for method in methods
        if path.startswith("/api/")
    }
    about_itself = {"schema/", "docs/", "no-such-path/"}
    assert documented >= {row[:2] for row in TABLE if row[0] not in about_itself}


def operations(document):
    """Yield path, method and operation, with references to shared responses resolved."""
    shared = document["components"]["responses"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            responses = {
                status: shared[answer["$ref"].rpartition("/")[2]] if "$ref" in answer else answer
                for status, answer in operation["responses"].items()
            }
            yield path, method, {**operation, "responses": responses}


def test_error_responses_use_the_error_schema(document):
    for path, _method, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status >= "400":
                schema = answer["content"]["application/json"]["schema"]["$ref"]
                is_validation = status in ("400", "408", "431")
                wanted = "ValidationError" if is_validation else "ApiError"
                assert schema.rpartition("/")[2] in (wanted, "ApiError"), (path, status)


def test_error_responses_name_their_codes(document):
    operation = document["paths"]["/api/lessons/{lesson_id}/"]["patch"]
    conflict = operation["responses"]["409"]["$ref"].rpartition("/")[2]
    content = document["components"]["responses"][conflict]["content"]["application/json"]
    codes = {example["value"]["error"] for example in content["examples"].values()}
    assert codes == {"lesson_conflict", "lesson_cancelled"}


@pytest.mark.parametrize("why", list(Refusal))
def test_room_operations_document_every_refusal(document, why):
    error = refusal_error(why)
    for path, method, operation in operations(document):
        if path.startswith("/api/classroom/sessions/"):
            content = operation["responses"][str(error.status)]["content"]["application/json"]
            codes = {example["value"]["error"] for example in content["examples"].values()}
            assert error.code in codes, (path, method)


def test_throttled_responses_document_retry_after(document):
    for status in ("429", "503"):
        for path, method, operation in operations(document):
            assert "Retry-After" in operation["responses"][status]["headers"], (path, method)


OPERATION_IDS = {
    *("me_retrieve", "me_partial_update", "me_feed_retrieve", "me_feed_rotate"),
    "my_students_list",
    *("me_blocked_tutors_list", "me_blocked_tutors_destroy"),
    *("me_notifications_retrieve", "me_notifications_update"),
    *("me_push_retrieve", "me_push_update", "me_push_destroy", "me_push_test"),
    *("classrooms_list", "classrooms_create", "classrooms_retrieve", "classrooms_partial_update"),
    *("classrooms_destroy", "classrooms_join"),
    *("classrooms_members_list", "classrooms_members_create"),
    *("memberships_partial_update", "memberships_accept", "memberships_decline"),
    *("memberships_leave", "memberships_link_create"),
    *("students_create", "students_retrieve", "students_partial_update", "students_invite_create"),
    *("lessons_list", "lessons_create", "lessons_retrieve", "lessons_partial_update"),
    *("lessons_cancel", "lessons_room_retrieve", "lessons_students_create"),
    *("lessons_students_destroy", "lessons_students_partial_update"),
    *("lessons_invite_create", "lessons_invites_revoke", "lesson_invites_resolve"),
    *("lessons_changes_preview", "lesson_changes_list", "lesson_changes_undo"),
    "lesson_series_partial_update",
    *("me_holidays_list", "me_holidays_create", "me_holidays_destroy"),
    *("me_availability_retrieve", "me_availability_update"),
    *("me_external_calendars_list", "me_external_calendars_create"),
    *("me_external_calendars_retrieve", "me_external_calendars_destroy"),
    *("tutors_slots_list", "tutors_bookings_create", "lessons_confirm", "lessons_decline"),
    *("lesson_series_list", "lesson_series_create", "lesson_series_preview"),
    *("lesson_series_retrieve", "lesson_series_lessons_list", "lesson_series_restart"),
    *("me_cancellation_policy_retrieve", "me_cancellation_policy_update"),
    *("lessons_cancellation_terms_retrieve", "lessons_students_waive"),
    *("accounts_retrieve", "accounts_rate_update", "accounts_entries_list"),
    *("accounts_entries_create", "accounts_entries_reverse", "accounts_report_retrieve"),
    *("accounts_packs_freeze", "accounts_packs_unfreeze"),
    *("room_join", "room_files_create", "room_files_retrieve"),
    "room_board_retrieve",
    *("room_history_list", "room_history_retrieve", "room_history_restore"),
    *("room_notes_retrieve", "room_notes_update", "room_attendance_list", "room_chat_list"),
}


def test_operation_ids_are_unchanged(document):
    ids = [operation["operationId"] for *_, operation in operations(document)]
    assert sorted(ids) == sorted(OPERATION_IDS)


def test_operation_has_summary_description_and_a_described_tag(document):
    described = {tag["name"] for tag in document["tags"] if tag["description"]}
    for *_, operation in operations(document):
        assert operation["summary"]
        assert operation["description"]
        assert len(operation["tags"]) == 1
        assert set(operation["tags"]) <= described


def test_json_bodies_have_examples(document):
    for path, method, operation in operations(document):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for body in bodies:
            content = body.get("content", {}).get("application/json")
            assert content is None or content["examples"], (path, method)


def test_request_components_have_plain_names(document):
    body = document["paths"]["/api/lessons/"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]["$ref"]
    assert schema == "#/components/schemas/LessonCreate"
    affixes = re.compile(r"^Patched|(Request|Serializer|Shape|Input)$")
    assert not [name for name in document["components"]["schemas"] if affixes.search(name)]


def test_document_names_licence_and_servers(document, settings):
    assert document["info"]["license"] == {"name": "MIT", "identifier": "MIT"}
    assert [server["url"] for server in document["servers"]] == [settings.PUBLIC_URL, "/"]


def test_operation_documents_the_errors_of_request_limits(document):
    for path, methods in document["paths"].items():
        if not path.startswith("/api/"):
            continue
        for method, operation in methods.items():
            wanted = {"408", "413", "429", "431", "503"} | ({"507"} if method != "get" else set())
            assert wanted <= set(operation["responses"]), (path, method)


def test_both_authentication_schemes_are_documented(document):
    schemes = document["components"]["securitySchemes"].values()
    assert {(s["type"], s.get("scheme", s.get("in"))) for s in schemes} == {
        ("http", "bearer"),
        ("apiKey", "cookie"),
    }


def test_docs_page_has_no_inline_script(api):
    answer = api().get("/api/docs/")
    page = answer.content.decode()
    assert "swagger-ui" in page
    for script in re.findall(r"<script\b[^>]*>(.*?)</script>", page, re.S):
        assert script.strip() == ""


def test_membership_statuses_and_invitation_limits_are_described(document):
    status = document["components"]["schemas"]["Membership"]["properties"]["status"]
    for word in ("invited", "active", "paused", "removed", "declined", "left"):
        assert f"`{word}`" in status["description"]
    invite = document["paths"]["/api/classrooms/{classroom_id}/members/"]["post"]
    assert f"after {MAX_PER_TUTOR} invitations" in invite["description"]
    assert "429" in invite["responses"]
