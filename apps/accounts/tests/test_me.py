"""/api/me/: reading and changing the signed-in user."""

import pytest

pytestmark = pytest.mark.django_db
URL = "/api/me/"


def test_get_returns_the_signed_in_user(api, tutor):
    answer = api(tutor).get(URL)
    assert answer.status_code == 200
    assert answer.json() == {
        "id": tutor.pk,
        "email": tutor.email,
        "first_name": "Тарас",
        "last_name": "Вчитель",
        "role": "tutor",
        "timezone": "Europe/Kyiv",
        "locale": "uk",
    }


def test_anonymous_request_is_not_authenticated(api, db):
    answer = api().get(URL)
    assert (answer.status_code, answer.json()["error"]) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_patch_changes_names_time_zone_and_language(api, student):
    change = {
        "first_name": "Леся",
        "last_name": "Квітка",
        "timezone": "America/New_York",
        "locale": "en",
    }
    answer = api(student).patch(URL, change)
    assert (answer.status_code, answer.json() | change) == (200, answer.json())
    student.refresh_from_db()
    assert student.search_text.startswith("леся\nквітка\n")


def test_patch_ignores_role_email_id_and_is_staff(api, student):
    before = api(student).get(URL).json()
    change = {"role": "tutor", "email": "x@x.example", "id": 1, "is_staff": True, "password": "x"}
    answer = api(student).patch(URL, change)
    assert (answer.status_code, answer.json()) == (200, before)
    student.refresh_from_db()
    assert not student.is_staff


def test_patch_ignores_null(api, student):
    before = api(student).get(URL).json()
    answer = api(student).patch(URL, dict.fromkeys(("first_name", "timezone", "locale")))
    assert (answer.status_code, answer.json()) == (200, before)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timezone", "Mars/Olympus"),
        ("timezone", "europe/kyiv"),
        ("timezone", "../../etc/passwd"),
        ("timezone", ""),
        ("timezone", 2),
        ("timezone", "localtime"),
        ("locale", "de"),
        ("locale", ["uk"]),
        ("first_name", ""),
        ("first_name", " "),
        ("first_name", "x" * 101),
        ("first_name", 7),
        ("last_name", "nul\x00"),
        ("last_name", {"a": 1}),
    ],
)
def test_invalid_value_is_reported_and_nothing_changes(api, student, name, value):
    before = api(student).get(URL).json()
    answer = api(student).patch(URL, {"first_name": "Changed", name: value})
    assert (answer.status_code, answer.json()["error"]) == (400, "validation_error")
    assert set(answer.json()["fields"]) == {name}
    assert api(student).get(URL).json() == before


def test_stale_version_is_refused(api, student):
    client = api(student)
    seen = client.get(URL)["ETag"]
    answer = client.patch(URL, {"first_name": "Леся"}, headers={"If-Match": seen})
    assert (answer.status_code, answer["ETag"]) == (200, client.get(URL)["ETag"])
    answer = client.patch(URL, {"first_name": "Ліна"}, headers={"If-Match": seen})
    assert (answer.status_code, answer.json()["error"]) == (412, "precondition_failed")
    assert client.get(URL).json()["first_name"] == "Леся"
