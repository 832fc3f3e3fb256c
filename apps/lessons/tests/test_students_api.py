"""A tutor adds, reads and changes students through the API."""

import pytest
from django.utils import timezone

from apps.accounts.models import User
from tests.builders import HOUR, make_classroom, make_lesson, make_membership, make_placeholder

pytestmark = pytest.mark.django_db
URL = "/api/students/"
SHAPE = {
    *("id", "first_name", "last_name", "email", "phone", "guardian_name", "guardian_phone"),
    *("level", "note", "placeholder", "classrooms", "next_lesson", "last_lesson"),
}


@pytest.fixture
def body(classroom):
    names = {"first_name": "Софія", "last_name": "Бондар"}
    return {**names, "classroom_id": classroom.pk, "email": "", "phone": "+380 67 1", "note": "ЗНО"}


def test_added_student_has_a_card_and_is_listed_and_scheduled(api, tutor, classroom, body):
    answer = api(tutor).post(URL, body)
    assert answer.status_code == 201
    card = answer.json()
    assert set(card) == SHAPE
    assert (card["placeholder"], card["email"], card["phone"]) == (True, "", "+380 67 1")
    assert card["classrooms"] == [{"id": classroom.pk, "name": "Algebra"}]
    listed = api(tutor).get("/api/classroom/my-students/?q=бондар").json()
    assert [(row["id"], row["email"]) for row in listed["results"]] == [(card["id"], "")]
    start = timezone.now() + HOUR
    times = {"starts_at": start.isoformat(), "ends_at": (start + HOUR).isoformat()}
    lesson = api(tutor).post("/api/lessons/", {"student_id": card["id"], **times})
    assert lesson.status_code == 201
    shown = api(tutor).get(f"{URL}{card['id']}/").json()
    assert shown["next_lesson"] == lesson.json()
    assert shown["last_lesson"] is None


def test_student_is_found_by_the_typed_address(api, tutor, body):
    api(tutor).post(URL, {**body, "email": "Sofia@Home.example"})
    rows = api(tutor).get("/api/classroom/my-students/?q=sofia@home").json()["results"]
    assert [row["email"] for row in rows] == ["sofia@home.example"]


def test_two_tutors_add_the_same_address_and_an_account_has_it_too(
    api, tutor, other_tutor, student, body
):
    mine = api(tutor).post(URL, {**body, "email": student.email})
    theirs = make_classroom(other_tutor)
    other = api(other_tutor).post(
        URL, {**body, "classroom_id": theirs.pk, "email": student.email, "note": "other"}
    )
    assert (mine.status_code, other.status_code) == (201, 201)
    assert api(tutor).get(f"{URL}{mine.json()['id']}/").json()["note"] == "ЗНО"
    assert api(tutor).get(f"{URL}{other.json()['id']}/").status_code == 404
    student.refresh_from_db()
    assert not student.is_placeholder


def test_repeat_with_the_same_key_adds_nobody(api, tutor, body):
    first = api(tutor).post(URL, body, headers={"Idempotency-Key": "a"})
    again = api(tutor).post(URL, body, headers={"Idempotency-Key": "a"})
    assert first.json() == again.json()
    other = api(tutor).post(URL, {**body, "level": "9"}, headers={"Idempotency-Key": "a"})
    assert other.status_code == 400


@pytest.mark.parametrize(
    "change", [{"first_name": ""}, {"last_name": None}, {"email": "no"}, {"classroom_id": "1"}]
)
def test_bad_field_is_named(api, tutor, body, change):
    answer = api(tutor).post(URL, {**body, **change})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, list(change))


def test_card_of_a_placeholder_is_changed(api, tutor, classroom):
    made = make_placeholder(classroom)
    changes = {"first_name": "Соломія", "email": "s@x.example", "guardian_name": "Ірина"}
    answer = api(tutor).patch(f"{URL}{made.pk}/", changes)
    assert answer.status_code == 200
    assert changes.items() <= answer.json().items()


def test_note_keeps_its_lines(api, tutor, body):
    card = api(tutor).post(URL, {**body, "note": "One\nTwo"}).json()
    assert card["note"] == "One\nTwo"
    url = f"{URL}{card['id']}/"
    assert api(tutor).patch(url, {"note": "Three\n\nFour"}).json()["note"] == "Three\n\nFour"


def test_card_changed_since_it_was_read_is_refused(api, tutor, classroom):
    client, url = api(tutor), f"{URL}{make_placeholder(classroom).pk}/"
    seen = client.get(url)["ETag"]
    answer = client.patch(url, {"note": "Theirs"}, headers={"If-Match": seen})
    assert (answer.status_code, answer["ETag"]) == (200, client.get(url)["ETag"])
    for change in ({"note": "Mine"}, {"first_name": "Ann"}):
        answer = client.patch(url, change, headers={"If-Match": seen})
        assert (answer.status_code, answer.json()["error"]) == (412, "precondition_failed")
    assert client.get(url).json()["note"] == "Theirs"


def test_only_contacts_of_an_account_are_changed(api, tutor, classroom, student):
    url = f"{URL}{student.pk}/"
    answer = api(tutor).patch(url, {"level": "B2", "email": student.email})
    assert (answer.status_code, answer.json()["level"]) == (200, "B2")
    refused = api(tutor).patch(url, {"first_name": "Інша"})
    assert (refused.status_code, list(refused.json()["fields"])) == (400, ["first_name"])


def test_former_tutor_reads_the_card_and_another_does_not(
    api, tutor, other_tutor, classroom, student
):
    classroom.memberships.update(status="removed")
    assert api(tutor).get(f"{URL}{student.pk}/").status_code == 200
    api(tutor).patch(f"{URL}{student.pk}/", {"note": "private"})
    assert api(other_tutor).get(f"{URL}{student.pk}/").status_code == 404
    make_membership(make_classroom(other_tutor), student, "invited")
    other_tutor.classrooms.get().memberships.update(joined_at=None)
    assert api(other_tutor).get(f"{URL}{student.pk}/").status_code == 404
    make_lesson(other_tutor, student)
    assert api(other_tutor).get(f"{URL}{student.pk}/").json()["note"] == ""


def test_former_tutor_learns_the_present_address_neither_from_a_change_nor_from_the_etag(
    api, tutor, classroom, student
):
    classroom.memberships.update(status="removed")
    url = f"{URL}{student.pk}/"
    card = api(tutor).get(url)
    unchanged = {name: card.json()[name] for name in ("first_name", "email", "note")}
    assert api(tutor).patch(url, unchanged).status_code == 200
    guess = api(tutor).patch(url, {"email": student.email})
    assert (guess.status_code, list(guess.json()["fields"])) == (400, ["email"])
    student.email = "moved@school.example"
    student.save()
    assert api(tutor).get(url)["ETag"] == card["ETag"]


def test_student_cannot_read_the_own_card(api, classroom, student):
    assert api(student).get(f"{URL}{student.pk}/").status_code == 403


def test_invite_is_for_students_without_an_account(api, tutor, classroom, student):
    made = make_placeholder(classroom)
    answer = api(tutor).post(f"{URL}{made.pk}/invite/")
    assert set(answer.json()) == {"invite_url", "expires_at"}
    assert api(tutor).post(f"{URL}{student.pk}/invite/").status_code == 403


def test_added_students_are_limited_per_day(api, tutor, body, monkeypatch):
    monkeypatch.setattr("apps.classrooms.students.MAX_ADDED_PER_DAY", 1)
    assert api(tutor).post(URL, body).status_code == 201
    assert api(tutor).post(URL, body).status_code == 429
    assert User.objects.filter(placeholder_of=tutor).count() == 1
