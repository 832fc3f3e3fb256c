"""`POST /api/tutors/{id}/bookings/`, `…/confirm/` and `…/decline/`, and what lapses."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from apps.booking.requests import lapse_requests
from apps.booking.services import MAX_REQUESTED
from apps.lessons.models import Lesson
from tests.builders import HOUR, make_lesson, make_membership, make_user

from .test_availability_api import DAY, in_days, put, slots

pytestmark = pytest.mark.django_db


def at(tutor, hour, day=3, minute=0):
    local = datetime.combine(in_days(day), datetime.min.time(), tutor.zone)
    return local.replace(hour=hour, minute=minute).astimezone(UTC)


def book(api, student, tutor, starts_at, minutes=60, **headers):
    sent = {"starts_at": starts_at.isoformat(), "minutes": minutes}
    return api(student).post(f"/api/tutors/{tutor.pk}/bookings/", sent, format="json", **headers)


@pytest.fixture
def classmate(classroom):
    other = make_user("student")
    make_membership(classroom, other)
    return other


def test_student_books_a_free_slot(api, tutor, student, classroom):
    put(api, tutor)
    answer = book(api, student, tutor, at(tutor, 16))
    assert answer.status_code == 201
    made = answer.json()
    assert (made["status"], made["classroom_id"]) == ("scheduled", classroom.pk)
    assert [each["id"] for each in made["students"]] == [student.pk]
    assert api(student).get(f"/api/lessons/{made['id']}/").json() == made
    taken = answer.json()["starts_at"]
    found = slots(api, student, tutor, in_days(3)).json()["results"]
    assert taken not in [each["starts_at"] for each in found]
    assert len(found) == 4


def test_taken_slot_answers_the_next_free_ones(api, tutor, student, classmate):
    put(api, tutor)
    assert book(api, classmate, tutor, at(tutor, 16)).status_code == 201
    answer = book(api, student, tutor, at(tutor, 16))
    assert (answer.status_code, answer.json()["error"]) == (409, "lesson_conflict")
    assert set(answer.json()) == {"error", "detail", "next_slots"}
    starts = [datetime.fromisoformat(each["starts_at"]) for each in answer.json()["next_slots"]]
    assert starts == [at(tutor, 17), at(tutor, 18), at(tutor, 19)]
    assert book(api, student, tutor, starts[0]).status_code == 201


def test_own_lesson_elsewhere_is_a_conflict_that_tells_nothing(
    api, tutor, student, other_tutor, classroom
):
    put(api, tutor)
    make_lesson(other_tutor, student, at(tutor, 16))
    answer = book(api, student, tutor, at(tutor, 16))
    assert answer.json()["error"] == "lesson_conflict"
    assert "Other" not in answer.content.decode()


@pytest.mark.parametrize(
    ("hour", "day", "minute", "minutes"),
    [
        (14, 3, 0, 60),  # before the window
        (19, 3, 30, 60),  # it would end after it
        (16, 3, 0, 45),  # not a length of the tutor
        (16, 61, 0, 60),  # too far ahead
        (16, -1, 0, 60),  # over
        (16, 3, 3, 60),  # not a multiple of five minutes
    ],
)
def test_time_that_is_not_offered_is_not_bookable(
    api, tutor, student, classroom, hour, day, minute, minutes
):
    put(api, tutor)
    answer = book(api, student, tutor, at(tutor, hour, day, minute), minutes)
    assert (answer.status_code, answer.json()["error"]) == (409, "not_bookable")
    assert not Lesson.objects.exists()


def test_notice_holds_for_bookings(api, tutor, student, classroom):
    put(api, tutor, minimum_notice_minutes=5 * 24 * 60)
    assert book(api, student, tutor, at(tutor, 16, 3)).json()["error"] == "not_bookable"
    assert book(api, student, tutor, at(tutor, 16, 7)).status_code == 201


def test_break_after_a_lesson_is_taken(api, tutor, student, classmate):
    put(api, tutor, buffer_minutes=15)
    book(api, classmate, tutor, at(tutor, 16))
    assert book(api, student, tutor, at(tutor, 17)).json()["error"] == "lesson_conflict"
    assert book(api, student, tutor, at(tutor, 17, minute=15)).status_code == 201


def test_night_of_a_student_elsewhere_is_not_bookable(api, tutor, classroom):
    abroad = make_user("student", timezone="Asia/Tokyo")
    make_membership(classroom, abroad)
    put(api, tutor)
    assert book(api, abroad, tutor, at(tutor, 18)).json()["error"] == "not_bookable"


def test_only_active_students_book(api, tutor, other_tutor, stranger, classroom):
    put(api, tutor)
    for user in (tutor, other_tutor, stranger):
        answer = book(api, user, tutor, at(tutor, 16))
        assert (answer.status_code, answer.json()["error"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"minutes": 60}, "starts_at"),
        ({"starts_at": "2026-11-30T16:00"}, "starts_at"),
        ({"starts_at": "2026-11-30T16:00Z", "minutes": "60"}, "minutes"),
    ],
)
def test_bad_field_is_named(api, tutor, student, classroom, body, field):
    answer = api(student).post(f"/api/tutors/{tutor.pk}/bookings/", body, format="json")
    assert (answer.status_code, [*answer.json()["fields"]]) == (400, [field])


def test_same_key_books_once(api, tutor, student, classmate):
    put(api, tutor)
    key = {"HTTP_IDEMPOTENCY_KEY": "abc"}
    first = book(api, student, tutor, at(tutor, 16), **key)
    assert book(api, student, tutor, at(tutor, 16), **key).json() == first.json()
    assert book(api, student, tutor, at(tutor, 17), **key).status_code == 400
    assert book(api, classmate, tutor, at(tutor, 18), **key).status_code == 201


def test_request_holds_the_time_until_it_is_declined(api, tutor, student, classmate):
    put(api, tutor, requires_confirmation=True)
    made = book(api, student, tutor, at(tutor, 16)).json()
    assert made["status"] == "requested"
    assert book(api, classmate, tutor, at(tutor, 16)).json()["error"] == "lesson_conflict"
    url = f"/api/lessons/{made['id']}/"
    declined = api(tutor).post(f"{url}decline/", {"reason": "Conference"}, format="json")
    assert (declined.status_code, declined.json()["status"]) == (200, "cancelled")
    assert api(tutor).post(f"{url}decline/").json()["error"] == "lesson_cancelled"
    assert api(tutor).post(f"{url}confirm/").json()["error"] == "lesson_cancelled"
    assert book(api, classmate, tutor, at(tutor, 16)).status_code == 201


def test_tutor_confirms_a_request(api, tutor, student, classroom):
    put(api, tutor, requires_confirmation=True)
    made = book(api, student, tutor, at(tutor, 16)).json()
    url = f"/api/lessons/{made['id']}/"
    before = Lesson.objects.get().sequence
    assert api(student).post(f"{url}confirm/").status_code == 403
    for _again in range(2):
        answer = api(tutor).post(f"{url}confirm/")
        assert (answer.status_code, answer.json()["status"]) == (200, "scheduled")
    assert Lesson.objects.get().sequence == before + 1
    declined = api(tutor).post(f"{url}decline/")
    assert (declined.status_code, declined.json()["error"]) == (409, "not_requested")


def test_requests_of_one_student_are_limited(api, tutor, student, classroom):
    put(api, tutor, requires_confirmation=True)
    starts = [at(tutor, 15 + n % 5, 3 + n // 5) for n in range(MAX_REQUESTED + 1)]
    answers = [book(api, student, tutor, start).status_code for start in starts]
    assert answers == [201] * MAX_REQUESTED + [409]


def test_request_lapses_at_its_start(api, tutor, student, classroom):
    lesson = make_lesson(tutor, student, timezone.now() - HOUR / 60, status="requested")
    url = f"/api/lessons/{lesson.pk}/"
    around = {"from": (timezone.now() - DAY).isoformat(), "to": (timezone.now() + DAY).isoformat()}
    assert api(tutor).get(url).json()["status"] == "cancelled"
    assert api(tutor).get("/api/lessons/", around).json() == {"results": []}
    both = api(tutor).get("/api/lessons/", {**around, "include_cancelled": "1"}).json()["results"]
    assert [each["status"] for each in both] == ["cancelled"]
    assert api(tutor).post(f"{url}confirm/").json()["error"] == "lesson_cancelled"
    coming = make_lesson(tutor, student, timezone.now() + HOUR, status="requested")
    assert lapse_requests(timezone.now()) == 1
    lesson.refresh_from_db()
    coming.refresh_from_db()
    assert (lesson.status, coming.status) == ("cancelled", "requested")
    assert lesson.cancel_reason


def test_room_of_a_request_is_closed_until_it_is_confirmed(api, tutor, student, classroom):
    lesson = make_lesson(tutor, student, timezone.now() + HOUR / 4, status="requested")
    join = f"/api/classroom/sessions/{lesson.session.uuid}/join/"
    for user in (tutor, student):
        assert api(user).post(join).status_code == 403
    api(tutor).post(f"/api/lessons/{lesson.pk}/confirm/")
    for user in (tutor, student):
        assert api(user).post(join).status_code == 200


def test_request_is_tentative_in_feeds(api, tutor, student, classroom):
    make_lesson(tutor, student, timezone.now() + timedelta(days=1), status="requested")
    url = api(student).get("/api/me/feed/").json()["url"]
    path = url[url.index("/feeds/") :]
    first = api().get(path)
    assert b"STATUS:TENTATIVE" in first.content
    api(tutor).post(f"/api/lessons/{Lesson.objects.get().pk}/confirm/")
    again = api().get(path, headers={"if-none-match": first["ETag"]})
    assert again.status_code == 200
    assert b"STATUS:CONFIRMED" in again.content


@pytest.fixture
def run(settings, mailoutbox, django_capture_on_commit_callbacks):
    """Return a function that calls another one and returns the mail that this caused."""
    settings.EMAIL_URL = "memory://"

    def run_and_collect(call):
        mailoutbox.clear()
        with django_capture_on_commit_callbacks(execute=True):
            assert call().status_code in (200, 201)
        return [(mail.to, mail.subject, mail) for mail in mailoutbox]

    return run_and_collect


@pytest.fixture
def people(tutor, student, classroom):
    for person in (tutor, student):
        person.locale = "en"
        person.save()
    return tutor, student


def test_tutor_and_student_are_mailed_about_a_booking(api, people, run):
    tutor, student = people
    put(api, tutor)
    mails = run(lambda: book(api, student, tutor, at(tutor, 16)))
    assert {to: subject.partition(":")[0] for [to], subject, _mail in mails} == {
        student.email: "A lesson with Тарас Вчитель",
        tutor.email: "Олена Коваль has booked a lesson",
    }


def test_mails_of_a_request_and_of_both_answers(api, people, run):
    tutor, student = people
    put(api, tutor, requires_confirmation=True)
    for hour, answer, sentence, parts in (
        (16, "confirm", "Тарас Вчитель has confirmed your lesson", 2),
        (17, "decline", "Тарас Вчитель cannot give the lesson that you asked for", 1),
    ):
        [([to], subject, _mail)] = run(lambda hour=hour: book(api, student, tutor, at(tutor, hour)))
        assert (to, subject.partition(":")[0]) == (tutor.email, "Олена Коваль asks for a lesson")
        lesson = Lesson.objects.latest("id")
        url = f"/api/lessons/{lesson.pk}/{answer}/"
        [([to], subject, mail)] = run(lambda url=url: api(tutor).post(url))
        assert (to, subject.partition(":")[0]) == (student.email, sentence)
        assert len(mail.alternatives) == parts  # a calendar message only of what is scheduled
