"""`Idempotency-Key`: a repeated request returns the lesson of the first one."""

import pytest

from apps.lessons.models import Lesson
from tests.builders import HOUR, NOON, make_classroom

pytestmark = pytest.mark.django_db
URL = "/api/lessons/"


def post(client, student, key, **changes):
    sent = {
        "student_id": student.pk,
        "starts_at": NOON.isoformat(),
        "ends_at": (NOON + HOUR).isoformat(),
        **changes,
    }
    return client.post(URL, sent, headers={"Idempotency-Key": key})


def test_repeated_request_returns_the_first_lesson(api, tutor, student, classroom):
    first = post(api(tutor), student, "k1")
    again = post(api(tutor), student, "k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert Lesson.objects.count() == 1


def test_same_instant_in_another_notation_is_the_same_request(api, tutor, student, classroom):
    first = post(api(tutor), student, "k1")
    again = post(api(tutor), student, "k1", starts_at="2026-03-02T14:00:00+02:00", title=None)
    assert again.json()["id"] == first.json()["id"]


def test_key_of_a_different_request_is_refused(api, tutor, student, classroom):
    post(api(tutor), student, "k1")
    response = post(api(tutor), student, "k1", title="Other")
    assert (response.status_code, response.json()["error"]) == (400, "validation_error")
    assert set(response.json()["fields"]) == {"Idempotency-Key"}


def test_other_key_is_another_request(api, tutor, student, classroom):
    post(api(tutor), student, "k1")
    assert post(api(tutor), student, "k2").status_code == 409


def test_same_key_of_two_tutors_creates_two_lessons(api, tutor, other_tutor, student, classroom):
    make_classroom(other_tutor, student)
    post(api(tutor), student, "k1")
    later = {"starts_at": (NOON + HOUR).isoformat(), "ends_at": (NOON + 2 * HOUR).isoformat()}
    assert post(api(other_tutor), student, "k1", **later).status_code == 201
    assert Lesson.objects.count() == 2


def test_refused_request_does_not_use_up_its_key(api, tutor, stranger, classroom):
    assert post(api(tutor), stranger, "k1").status_code == 403
    make_classroom(tutor, stranger)
    assert post(api(tutor), stranger, "k1").status_code == 201


def test_repeated_request_returns_the_moved_lesson(api, tutor, student, classroom):
    first = post(api(tutor), student, "k1").json()
    later = {"starts_at": (NOON + HOUR).isoformat(), "ends_at": (NOON + 2 * HOUR).isoformat()}
    api(tutor).patch(f"{URL}{first['id']}/", later)
    assert post(api(tutor), student, "k1").json()["id"] == first["id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "ключ", "tab\there"])
def test_malformed_key_is_refused(api, tutor, student, classroom, key):
    response = post(api(tutor), student, key)
    assert (response.status_code, response.json()["error"]) == (400, "validation_error")
    assert not Lesson.objects.exists()


def test_key_of_255_characters_is_accepted(api, tutor, student, classroom):
    assert post(api(tutor), student, "~" * 255).status_code == 201


def test_requests_without_key_each_create_a_lesson(api, tutor, student, classroom):
    make_lessons = [
        api(tutor).post(
            URL,
            {
                "student_id": student.pk,
                "starts_at": (NOON + hours * HOUR).isoformat(),
                "ends_at": (NOON + (hours + 1) * HOUR).isoformat(),
            },
        )
        for hours in (0, 1)
    ]
    assert [response.status_code for response in make_lessons] == [201, 201]
