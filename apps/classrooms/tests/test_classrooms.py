"""Classrooms: made, listed, renamed, archived, each by its own tutor."""

import pytest

from apps.classrooms.models import Classroom
from conftest import make_classroom

pytestmark = pytest.mark.django_db
URL = "/api/classrooms/"


def refusal(answer):
    return answer.status_code, answer.json()["error"]


def test_a_tutor_makes_a_classroom_with_a_join_code(api, tutor):
    answer = api(tutor).post(URL, {"name": "Алгебра"})
    made = Classroom.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "id": made.pk,
        "name": "Алгебра",
        "join_code": made.join_code,
        "created_at": made.created_at.isoformat().replace("+00:00", "Z"),
    }
    assert made.tutor == tutor


def test_join_codes_are_eight_unmistakable_characters_and_differ(api, tutor):
    codes = {api(tutor).post(URL, {"name": "A"}).json()["join_code"] for _ in range(20)}
    assert len(codes) == 20
    for code in codes:
        assert len(code) == 8
        assert not set(code) & set("0O1IL")


@pytest.mark.parametrize("name", [None, "", "  ", "x" * 201, 5, ["a"], {"a": 1}, True, "nul\x00"])
def test_a_classroom_needs_a_name(api, tutor, name):
    answer = api(tutor).post(URL, {"name": name})
    assert refusal(answer) == (400, "validation_error")
    assert set(answer.json()["fields"]) == {"name"}
    assert not Classroom.objects.exists()


def test_a_student_may_neither_make_nor_list(api, student):
    assert refusal(api(student).post(URL, {"name": "A"})) == (403, "forbidden")
    assert refusal(api(student).get(URL)) == (403, "forbidden")


def test_one_lists_ones_own_by_name(api, tutor, other_tutor):
    for name in ("Хімія", "Алгебра"):
        make_classroom(tutor, name=name)
    make_classroom(other_tutor, name="Other")
    answer = api(tutor).get(URL)
    assert answer.json()["count"] == 2
    assert [found["name"] for found in answer.json()["results"]] == ["Алгебра", "Хімія"]


def test_the_list_pages_and_searches(api, tutor):
    for number in range(3):
        make_classroom(tutor, name=f"Група {number}")
    answer = api(tutor).get(URL, {"limit": 1, "offset": 1})
    assert (answer.json()["count"], answer.json()["results"][0]["name"]) == (3, "Група 1")
    assert api(tutor).get(URL, {"q": "ГРУПА 2"}).json()["count"] == 1


def test_renaming_changes_the_name_and_what_finds_it(api, tutor, classroom):
    answer = api(tutor).patch(f"{URL}{classroom.pk}/", {"name": "Геометрія"})
    assert (answer.status_code, answer.json()["name"]) == (200, "Геометрія")
    assert api(tutor).get(URL, {"q": "геометрія"}).json()["count"] == 1
    assert api(tutor).get(URL, {"q": "algebra"}).json()["count"] == 0


def test_an_empty_change_changes_nothing(api, tutor, classroom):
    for change in ({}, {"name": None}):
        answer = api(tutor).patch(f"{URL}{classroom.pk}/", change)
        assert (answer.status_code, answer.json()["name"]) == (200, "Algebra")


def test_archiving_hides_the_classroom_and_keeps_its_lessons(api, tutor, student, lesson):
    url = f"{URL}{lesson.classroom_id}/"
    answer = api(tutor).delete(url)
    assert (answer.status_code, answer.content) == (204, b"")
    assert api(tutor).get(URL).json()["count"] == 0
    for again in (api(tutor).get(url), api(tutor).delete(url), api(tutor).patch(url, {})):
        assert refusal(again) == (404, "not_found")
    assert api(student).get(f"/api/lessons/{lesson.pk}/").status_code == 200


def test_somebody_elses_classroom_is_forbidden_and_a_missing_one_not_found(
    api, other_tutor, student, classroom
):
    for person in (other_tutor, student):
        for method in ("get", "patch", "delete"):
            call = getattr(api(person), method)
            assert refusal(call(f"{URL}{classroom.pk}/")) == (403, "forbidden")
            assert refusal(call(f"{URL}{classroom.pk + 1}/")) == (404, "not_found")
            assert refusal(call(f"{URL}{10**30}/")) == (404, "not_found")


def test_stale_version_is_refused(api, tutor, classroom):
    client, url = api(tutor), f"/api/classrooms/{classroom.pk}/"
    seen = client.get(url)["ETag"]
    answer = client.patch(url, {"name": "Sets"}, headers={"If-Match": seen})
    assert (answer.status_code, answer["ETag"]) == (200, client.get(url)["ETag"])
    answer = client.patch(url, {"name": "Rings"}, headers={"If-Match": seen})
    assert (answer.status_code, answer.json()["error"]) == (412, "precondition_failed")
    assert client.get(url).json()["name"] == "Sets"
