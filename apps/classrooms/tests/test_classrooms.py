"""Creating, listing, renaming and archiving classrooms."""

import pytest

from apps.classrooms import services
from apps.classrooms.models import Classroom
from tests.builders import make_classroom

pytestmark = pytest.mark.django_db
URL = "/api/classrooms/"


def get_error(answer):
    return answer.status_code, answer.json()["error"]


def test_tutor_creates_a_classroom_with_a_join_code(api, tutor):
    answer = api(tutor).post(URL, {"name": "Алгебра"})
    classroom = Classroom.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": classroom.pk,
        "name": "Алгебра",
        "join_code": classroom.join_code,
        "created_at": classroom.created_at.isoformat().replace("+00:00", "Z"),
    }
    assert classroom.tutor == tutor


def test_join_codes_are_unique_and_have_no_ambiguous_characters(api, tutor):
    codes = {api(tutor).post(URL, {"name": "A"}).json()["join_code"] for _ in range(20)}
    assert len(codes) == 20
    for code in codes:
        assert len(code) == 8
        assert not set(code) & set("0O1IL")


@pytest.mark.parametrize("name", [None, "", "  ", "x" * 201, 5, ["a"], {"a": 1}, True, "nul\x00"])
def test_invalid_name_is_refused(api, tutor, name):
    answer = api(tutor).post(URL, {"name": name})
    assert get_error(answer) == (400, "validation_error")
    assert set(answer.json()["fields"]) == {"name"}
    assert not Classroom.objects.exists()


def test_student_may_not_create_or_list_classrooms(api, student):
    assert get_error(api(student).post(URL, {"name": "A"})) == (403, "forbidden")
    assert get_error(api(student).get(URL)) == (403, "forbidden")


def test_list_has_only_the_tutors_own_classrooms_by_name(api, tutor, other_tutor):
    for name in ("Хімія", "Алгебра"):
        make_classroom(tutor, name=name)
    make_classroom(other_tutor, name="Other")
    answer = api(tutor).get(URL)
    assert answer.json()["count"] == 2
    assert [found["name"] for found in answer.json()["results"]] == ["Алгебра", "Хімія"]


def test_list_supports_paging_and_search(api, tutor):
    for number in range(3):
        make_classroom(tutor, name=f"Група {number}")
    answer = api(tutor).get(URL, {"limit": 1, "offset": 1})
    assert (answer.json()["count"], answer.json()["results"][0]["name"]) == (3, "Група 1")
    assert api(tutor).get(URL, {"q": "ГРУПА 2"}).json()["count"] == 1


def test_renamed_classroom_is_found_by_its_new_name_only(api, tutor, classroom):
    answer = api(tutor).patch(f"{URL}{classroom.pk}/", {"name": "Геометрія"})
    assert (answer.status_code, answer.json()["name"]) == (200, "Геометрія")
    assert api(tutor).get(URL, {"q": "геометрія"}).json()["count"] == 1
    assert api(tutor).get(URL, {"q": "algebra"}).json()["count"] == 0


def test_empty_patch_changes_nothing(api, tutor, classroom):
    for change in ({}, {"name": None}):
        answer = api(tutor).patch(f"{URL}{classroom.pk}/", change)
        assert (answer.status_code, answer.json()["name"]) == (200, "Algebra")


def test_archived_classroom_is_hidden_and_its_lessons_are_kept(api, tutor, student, lesson):
    url = f"{URL}{lesson.classroom_id}/"
    answer = api(tutor).delete(url)
    assert (answer.status_code, answer.content) == (204, b"")
    assert api(tutor).get(URL).json()["count"] == 0
    for again in (api(tutor).get(url), api(tutor).delete(url), api(tutor).patch(url, {})):
        assert get_error(again) == (404, "not_found")
    assert api(student).get(f"/api/lessons/{lesson.pk}/").status_code == 200


def test_classroom_of_another_tutor_is_forbidden_and_a_missing_one_not_found(
    api, other_tutor, student, classroom
):
    for person in (other_tutor, student):
        for method in ("get", "patch", "delete"):
            call = getattr(api(person), method)
            assert get_error(call(f"{URL}{classroom.pk}/")) == (403, "forbidden")
            assert get_error(call(f"{URL}{classroom.pk + 1}/")) == (404, "not_found")
            assert get_error(call(f"{URL}{10**30}/")) == (404, "not_found")


def test_stale_version_is_refused(api, tutor, classroom):
    client, url = api(tutor), f"/api/classrooms/{classroom.pk}/"
    seen = client.get(url)["ETag"]
    answer = client.patch(url, {"name": "Sets"}, headers={"If-Match": seen})
    assert (answer.status_code, answer["ETag"]) == (200, client.get(url)["ETag"])
    answer = client.patch(url, {"name": "Rings"}, headers={"If-Match": seen})
    assert (answer.status_code, answer.json()["error"]) == (412, "precondition_failed")
    assert client.get(url).json()["name"] == "Sets"


def test_version_covers_the_join_code_that_another_tab_closed(api, tutor, classroom):
    client, url = api(tutor), f"/api/classrooms/{classroom.pk}/"
    seen = client.get(url)["ETag"]
    assert client.patch(url, {"join_code_open": False}).status_code == 200
    answer = client.patch(url, {"join_code_open": True}, headers={"If-Match": seen})
    assert answer.status_code == 412


def test_tutor_over_the_limit_creates_no_classroom(api, tutor, other_tutor, monkeypatch):
    """Pages and lists have all classrooms of a tutor in them; archived ones can come back."""
    monkeypatch.setattr(services, "MAX_CLASSROOMS", 2)
    make_classroom(other_tutor)
    services.archive_classroom(classroom=make_classroom(tutor))
    assert api(tutor).post(URL, {"name": "B"}).status_code == 201
    refused = api(tutor).post(URL, {"name": "C"})
    assert get_error(refused) == (400, "validation_error")
    assert "At most 2 classrooms" in refused.json()["fields"]["name"][0]
    assert Classroom.objects.filter(tutor=tutor).count() == 2
