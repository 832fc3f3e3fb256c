"""Scheduling, reading, changing and cancelling lessons (BE32-2)."""

import pytest

from apps.classroom.models import ClassroomSession
from apps.lessons.models import Lesson
from tests.builders import HOUR, NOON, make_classroom, make_lesson, make_membership

pytestmark = pytest.mark.django_db
URL = "/api/lessons/"


def body(student, **changes):
    return {
        "student_id": student.pk,
        "starts_at": NOON.isoformat(),
        "ends_at": (NOON + HOUR).isoformat(),
        **changes,
    }


def error_of(response):
    return response.status_code, response.json()["error"]


def test_tutor_schedules_lesson_with_its_session(api, tutor, student, classroom):
    response = api(tutor).post(URL, body(student, title="Дроби"))
    session = ClassroomSession.objects.get()
    assert response.status_code == 201
    assert response.json() == {
        "id": session.lesson_id,
        "title": "Дроби",
        "starts_at": "2026-03-02T12:00:00Z",
        "ends_at": "2026-03-02T13:00:00Z",
        "status": "scheduled",
        "tutor": {"id": tutor.pk, "first_name": "Тарас", "last_name": "Вчитель"},
        "student": {"id": student.pk, "first_name": "Олена", "last_name": "Коваль"},
        "students": [
            {"id": student.pk, "first_name": "Олена", "last_name": "Коваль", "status": "booked"}
        ],
        "classroom_id": classroom.pk,
        "session_uuid": str(session.uuid),
        "series_id": None,
        "original_starts_at": None,
    }


def test_student_cannot_schedule(api, student, classroom):
    response = api(student).post(URL, body(student))
    assert (response.status_code, response.json()["error"]) == (403, "forbidden")


@pytest.mark.parametrize("status", ["invited", "paused", "removed"])
def test_student_without_active_membership_is_not_a_member(api, tutor, stranger, classroom, status):
    make_membership(classroom, stranger, status)
    response = api(tutor).post(URL, body(stranger))
    assert (response.status_code, response.json()["error"]) == (403, "not_a_member")


def test_member_of_another_tutor_is_not_a_member(api, other_tutor, student, classroom):
    response = api(other_tutor).post(URL, body(student))
    assert (response.status_code, response.json()["error"]) == (403, "not_a_member")


def test_unknown_student_is_not_a_member(api, tutor, classroom):
    response = api(tutor).post(URL, body(tutor, student_id=2**63 - 1))
    assert error_of(response) == (403, "not_a_member")


def test_not_a_member_error_has_only_code_and_detail(api, tutor, stranger):
    response = api(tutor).post(URL, body(stranger))
    assert set(response.json()) == {"error", "detail"}


def test_member_of_archived_classroom_is_not_a_member(api, tutor, student, classroom):
    api(tutor).delete(f"/api/classrooms/{classroom.pk}/")
    assert error_of(api(tutor).post(URL, body(student))) == (403, "not_a_member")


def test_refused_lesson_creates_no_lesson_and_no_session(api, tutor, stranger):
    api(tutor).post(URL, body(stranger))
    assert not Lesson.objects.exists()
    assert not ClassroomSession.objects.exists()


def test_classroom_joined_first_is_the_default(api, tutor, student):
    later = make_classroom(tutor, name="Later")
    make_membership(later, student)
    later.memberships.update(joined_at=NOON)
    first = make_classroom(tutor, student, name="First")
    assert api(tutor).post(URL, body(student)).json()["classroom_id"] == first.pk


def test_classroom_id_selects_a_shared_classroom(api, tutor, student, classroom):
    second = make_classroom(tutor, student, name="Second")
    response = api(tutor).post(URL, body(student, classroom_id=second.pk))
    assert response.json()["classroom_id"] == second.pk


def test_classroom_without_the_student_is_not_a_member(api, tutor, student, classroom):
    empty = make_classroom(tutor, name="Empty")
    response = api(tutor).post(URL, body(student, classroom_id=empty.pk))
    assert error_of(response) == (403, "not_a_member")


def test_time_with_another_offset_is_converted_to_utc(api, tutor, student, classroom):
    response = api(tutor).post(
        URL,
        body(student, starts_at="2026-03-02T14:00:00+02:00", ends_at="2026-03-02T15:00+02:00"),
    )
    assert response.json()["starts_at"] == "2026-03-02T12:00:00Z"
    assert response.json()["ends_at"] == "2026-03-02T13:00:00Z"


@pytest.mark.parametrize("minutes", [5, 12 * 60])
def test_shortest_and_longest_duration_are_accepted(api, tutor, student, classroom, minutes):
    ends_at = (NOON + HOUR * minutes / 60).isoformat()
    assert api(tutor).post(URL, body(student, ends_at=ends_at)).status_code == 201


@pytest.mark.parametrize("seconds", [-3600, 0, 299, 12 * 3600 + 1])
def test_duration_out_of_bounds_is_refused(api, tutor, student, classroom, seconds):
    ends_at = (NOON + HOUR * seconds / 3600).isoformat()
    response = api(tutor).post(URL, body(student, ends_at=ends_at))
    assert error_of(response) == (400, "validation_error")
    assert set(response.json()["fields"]) == {"ends_at"}
    assert not Lesson.objects.exists()


@pytest.mark.parametrize("name", ["student_id", "starts_at", "ends_at"])
@pytest.mark.parametrize("left_out", [True, False])
def test_missing_or_null_required_field_is_named(api, tutor, student, classroom, name, left_out):
    sent = body(student, **{name: None})
    if left_out:
        del sent[name]
    response = api(tutor).post(URL, sent)
    assert error_of(response) == (400, "validation_error")
    assert set(response.json()["fields"]) == {name}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("student_id", "1"),
        ("student_id", 1.0),
        ("student_id", True),
        ("student_id", 0),
        ("student_id", -1),
        ("student_id", 2**63),
        ("student_id", 2**200),
        ("student_id", []),
        ("student_id", {}),
        ("classroom_id", "x"),
        ("classroom_id", 2**64),
        ("starts_at", "2026-03-02T12:00:00"),
        ("starts_at", "2026-03-02"),
        ("starts_at", "12:00"),
        ("starts_at", "noon"),
        ("starts_at", ""),
        ("starts_at", 1772452800),
        ("starts_at", "2026-02-30T12:00:00Z"),
        ("starts_at", "2026-03-02T23:59:60Z"),
        ("starts_at", "0001-01-01T00:00:00Z"),
        ("starts_at", "0001-01-01T00:00:00+14:00"),
        ("starts_at", "9999-12-31T23:59:59Z"),
        ("starts_at", "9999-12-31T23:59:59-14:00"),
        ("ends_at", "2026-03-02T13:00:00\x00Z"),
        ("title", "x" * 201),
        ("title", 5),
        ("title", ["a"]),
        ("title", "nul\x00"),
        ("allow_overlap", "yes"),
        ("allow_overlap", 1),
    ],
)
def test_malformed_field_is_named(api, tutor, student, classroom, name, value):
    response = api(tutor).post(URL, body(student, **{name: value}))
    assert error_of(response) == (400, "validation_error")
    assert name in response.json()["fields"]
    assert not Lesson.objects.exists()


def test_null_in_optional_field_is_ignored(api, tutor, student, classroom):
    response = api(tutor).post(
        URL, body(student, title=None, classroom_id=None, allow_overlap=None)
    )
    assert response.status_code == 201
    assert (response.json()["title"], response.json()["classroom_id"]) == ("", classroom.pk)


def test_tutor_and_student_can_read_their_lesson(api, tutor, student, lesson):
    url = f"{URL}{lesson.pk}/"
    for person in (tutor, student):
        response = api(person).get(url)
        assert (response.status_code, response.json()["id"]) == (200, lesson.pk)


def test_lesson_of_others_is_forbidden_and_missing_one_not_found(
    api, other_tutor, stranger, lesson
):
    for person in (other_tutor, stranger):
        assert error_of(api(person).get(f"{URL}{lesson.pk}/")) == (403, "forbidden")
        assert error_of(api(person).get(f"{URL}{lesson.pk + 1}/")) == (404, "lesson_not_found")


@pytest.mark.parametrize("lesson_id", [0, 2**63 - 1, 2**63, 2**64, 10**40])
def test_lesson_id_of_any_size_is_not_found(api, tutor, lesson, lesson_id):
    response = api(tutor).get(f"{URL}{lesson_id}/")
    assert error_of(response) == (404, "lesson_not_found")


def test_tutor_renames_and_moves_lesson(api, tutor, lesson):
    response = api(tutor).patch(
        f"{URL}{lesson.pk}/",
        {
            "title": "Корені",
            "starts_at": (NOON + HOUR).isoformat(),
            "ends_at": (NOON + 2 * HOUR).isoformat(),
        },
    )
    assert response.status_code == 200
    assert response.json()["title"] == "Корені"
    assert response.json()["starts_at"] == "2026-03-02T13:00:00Z"


def test_title_alone_keeps_the_time(api, tutor, lesson):
    response = api(tutor).patch(f"{URL}{lesson.pk}/", {"title": "Корені", "starts_at": None})
    assert response.json()["starts_at"] == "2026-03-02T12:00:00Z"


def test_new_start_after_the_end_is_refused(api, tutor, lesson):
    response = api(tutor).patch(f"{URL}{lesson.pk}/", {"starts_at": (NOON + HOUR).isoformat()})
    assert error_of(response) == (400, "validation_error")
    lesson.refresh_from_db()
    assert lesson.starts_at == NOON


def test_lesson_can_move_within_its_own_time(api, tutor, lesson):
    response = api(tutor).patch(f"{URL}{lesson.pk}/", {"ends_at": (NOON + HOUR / 2).isoformat()})
    assert response.status_code == 200


def test_lesson_cannot_move_onto_another(api, tutor, student, lesson):
    other = make_lesson(tutor, student, NOON + 3 * HOUR)
    response = api(tutor).patch(f"{URL}{other.pk}/", {"starts_at": (NOON + HOUR / 2).isoformat()})
    assert error_of(response) == (409, "lesson_conflict")
    other.refresh_from_db()
    assert other.starts_at == NOON + 3 * HOUR


def test_student_cannot_change_or_cancel(api, student, lesson):
    url = f"{URL}{lesson.pk}/"
    assert error_of(api(student).patch(url, {"title": "x"})) == (403, "forbidden")
    assert error_of(api(student).post(f"{url}cancel/")) == (403, "forbidden")


def test_cancelled_lesson_and_its_room_can_be_read(api, tutor, student, lesson):
    url = f"{URL}{lesson.pk}/"
    response = api(tutor).post(f"{url}cancel/", {"reason": "Хвороба"})
    assert (response.status_code, response.json()["status"]) == (200, "cancelled")
    assert api(student).get(url).json()["status"] == "cancelled"
    assert api(student).get(f"{url}room/").status_code == 200


def test_changes_to_cancelled_lesson_are_refused(api, tutor, lesson):
    url = f"{URL}{lesson.pk}/"
    token = api(tutor).post(f"{url}invite/").json()["token"]
    api(tutor).post(f"{url}cancel/")
    for response in (
        api(tutor).patch(url, {"title": "x"}),
        api(tutor).post(f"{url}cancel/"),
        api(tutor).post(f"{url}invite/"),
        api(tutor).get("/api/lesson-invites/resolve/", {"token": token}),
    ):
        assert error_of(response) == (409, "lesson_cancelled")


def test_invisible_title_and_reason_are_empty(api, tutor, lesson):
    url = f"/api/lessons/{lesson.pk}/"
    assert api(tutor).patch(url, {"title": "\u200b \u2060"}).json()["title"] == ""
    assert api(tutor).post(f"{url}cancel/", {"reason": "\u3164"}).status_code == 200
    lesson.refresh_from_db()
    assert lesson.cancel_reason == ""


def test_title_and_reason_have_no_direction_or_control_characters(api, tutor, lesson):
    url = f"/api/lessons/{lesson.pk}/"
    title = api(tutor).patch(url, {"title": "\u202eОб’єм\u2069\t№\u200b1\n👩‍🏫"}).json()["title"]
    assert title == "Об’єм №1 👩‍🏫"
    api(tutor).post(f"{url}cancel/", {"reason": "Хворію\u2067,\nвибачте\x07"})
    lesson.refresh_from_db()
    assert lesson.cancel_reason == "Хворію,\nвибачте"


def test_reason_length_is_bounded(api, tutor, lesson):
    url = f"{URL}{lesson.pk}/cancel/"
    assert error_of(api(tutor).post(url, {"reason": "x" * 501})) == (400, "validation_error")
    assert api(tutor).post(url, {"reason": None}).status_code == 200
    lesson.refresh_from_db()
    assert lesson.cancel_reason == ""
