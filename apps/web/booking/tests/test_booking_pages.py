"""`/tutors/{id}/book/`, the held slot, `/lessons/{id}/move/`, answers and a student's hours."""

from datetime import UTC, datetime, time

import pytest
from django.utils import timezone

from apps.billing.models import CancellationPolicy
from apps.booking.availability import AvailabilityPlan, replace_availability
from apps.booking.models import SlotHold, StudentHours
from apps.lessons.models import Lesson
from tests.builders import HOUR, make_lesson, make_membership, make_user


def offer(tutor, *, lengths=(60,), **settings):
    weekly = {day: [(15 * 60, 18 * 60)] for day in range(7)}
    plan = AvailabilityPlan(
        tutor.timezone, weekly=weekly, lesson_minutes=list(lengths), settings=settings
    )
    replace_availability(tutor=tutor, plan=plan)


def at(tutor, hour, days=3):
    day = tutor.to_local_time(timezone.now() + days * 24 * HOUR).date()
    return datetime.combine(day, time(hour), tutor.zone).astimezone(UTC)


@pytest.fixture
def client(browser, tutor, student, classroom):
    offer(tutor)
    return browser(student)


def choose(client, path, starts_at, **more):
    return client.post(path, {"starts_at": starts_at.isoformat(), **more})


def path_of(tutor):
    return f"/tutors/{tutor.pk}/book/"


def test_student_chooses_a_slot_and_books_it(client, tutor, student):
    assert "15:00" in client.get(path_of(tutor)).content.decode()
    answer = choose(client, path_of(tutor), at(tutor, 16))
    assert (answer.status_code, answer["Location"]) == (302, f"{path_of(tutor)}held/")
    page = client.get(answer["Location"]).content.decode()
    assert "16:00–17:00" in page
    assert "Held for you until" in page
    answer = client.post(answer["Location"], {"answer": "book"})
    lesson = Lesson.objects.get()
    assert answer["Location"] == f"/lessons/{lesson.pk}/"
    assert (lesson.starts_at, lesson.student, lesson.status) == (
        at(tutor, 16),
        student,
        "scheduled",
    )
    assert not SlotHold.objects.exists()


def test_slots_are_in_the_students_own_zone(client, tutor, student):
    student.timezone = "Europe/London"
    student.save()
    page = client.get(path_of(tutor)).content.decode()
    assert "13:00<span" in page
    assert "17:00<span" not in page


def test_length_is_chosen(client, tutor):
    offer(tutor, lengths=(60, 90))
    assert "1 hour 30 minutes" in client.get(path_of(tutor)).content.decode()
    choose(client, path_of(tutor), at(tutor, 15), minutes=90)
    client.post(f"{path_of(tutor)}held/", {"answer": "book"})
    lesson = Lesson.objects.get()
    assert lesson.ends_at - lesson.starts_at == 1.5 * HOUR


def test_slot_is_given_back(client, tutor):
    choose(client, path_of(tutor), at(tutor, 16))
    answer = client.post(f"{path_of(tutor)}held/", {"answer": "release"})
    assert answer["Location"].startswith(path_of(tutor))
    assert not SlotHold.objects.exists()


def test_taken_slot_offers_the_next_ones(client, browser, tutor, classroom):
    classmate = make_user("student")
    make_membership(classroom, classmate)
    choose(browser(classmate), path_of(tutor), at(tutor, 16))
    answer = choose(client, path_of(tutor), at(tutor, 16))
    assert answer.status_code == 409
    page = answer.content.decode().partition("Next free times")[2]
    assert f'value="{tutor.to_local_time(at(tutor, 17)).isoformat()}"' in page
    assert not SlotHold.objects.exclude(student=classmate).exists()


def test_hold_that_has_expired_leads_back(client, tutor):
    choose(client, path_of(tutor), at(tutor, 16))
    SlotHold.objects.update(expires_at=timezone.now())
    for answer in (
        client.get(f"{path_of(tutor)}held/"),
        client.post(f"{path_of(tutor)}held/", {"answer": "book"}),
    ):
        assert (answer.status_code, answer["Location"]) == (302, path_of(tutor))
    assert not Lesson.objects.exists()


def test_request_is_confirmed_by_the_tutor(client, browser, tutor):
    offer(tutor, requires_confirmation=True)
    choose(client, path_of(tutor), at(tutor, 16))
    assert "Ask for this lesson" in client.get(f"{path_of(tutor)}held/").content.decode()
    client.post(f"{path_of(tutor)}held/", {"answer": "book"})
    lesson = Lesson.objects.get()
    assert lesson.status == "requested"
    page = client.get(f"/lessons/{lesson.pk}/").content.decode()
    assert "has not confirmed this lesson yet" in page
    browser(tutor).post(f"/lessons/{lesson.pk}/answer/", {"answer": "confirm"})
    lesson.refresh_from_db()
    assert lesson.status == "scheduled"


@pytest.fixture
def lesson(client, tutor, student):
    CancellationPolicy.objects.create(tutor=tutor, students_may_cancel=True)
    return make_lesson(tutor, student, at(tutor, 15))


def test_student_moves_a_lesson(client, tutor, lesson):
    path = f"/lessons/{lesson.pk}/move/"
    assert path in client.get(f"/lessons/{lesson.pk}/").content.decode()
    assert client.get(path).status_code == 200
    assert choose(client, path, at(tutor, 17)).status_code == 302
    page = client.get(f"{path_of(tutor)}held/").content.decode()
    assert "Instead of" in page
    answer = client.post(f"{path_of(tutor)}held/", {"answer": "book"})
    assert answer["Location"] == f"/lessons/{lesson.pk}/"
    lesson.refresh_from_db()
    assert lesson.starts_at == at(tutor, 17)


def test_asked_move_is_shown_to_both_and_confirmed_on_the_lesson(client, browser, tutor, lesson):
    offer(tutor, requires_confirmation=True)
    choose(client, f"/lessons/{lesson.pk}/move/", at(tutor, 17))
    client.post(f"{path_of(tutor)}held/", {"answer": "book"})
    request = Lesson.objects.get(status="requested")
    own = client.get(f"/lessons/{lesson.pk}/").content.decode()
    assert "You asked for another time" in own
    teacher = browser(tutor)
    page = teacher.get(f"/lessons/{lesson.pk}/").content.decode()
    assert f"/lessons/{request.pk}/answer/" in page
    assert "another time of this lesson" in teacher.get(f"/lessons/{request.pk}/").content.decode()
    answer = teacher.post(f"/lessons/{request.pk}/answer/", {"answer": "confirm"})
    assert answer["Location"] == f"/lessons/{lesson.pk}/"
    lesson.refresh_from_db()
    assert lesson.starts_at == at(tutor, 17)


def test_lesson_that_is_over_is_not_moved(client, tutor, student):
    over = make_lesson(tutor, student)
    answer = client.get(f"/lessons/{over.pk}/move/")
    assert (answer.status_code, answer["Location"]) == (302, f"/lessons/{over.pk}/")


def test_strangers_are_forbidden(browser, client, tutor, stranger, lesson):
    other = browser(stranger)
    for path in (path_of(tutor), f"{path_of(tutor)}held/", f"/lessons/{lesson.pk}/move/"):
        assert other.get(path).status_code == 403
    for path in (path_of(tutor), "/settings/hours/"):
        assert browser(tutor).get(path).status_code == 403


def test_booking_is_linked_where_students_look(client, tutor, lesson):
    for path in ("/calendar/", "/classrooms/", f"/lessons/{lesson.pk}/"):
        assert f'href="{path_of(tutor)}"' in client.get(path).content.decode(), path


def test_booking_is_not_linked_without_an_availability(browser, tutor, student, classroom):
    page = browser(student).get("/calendar/").content.decode()
    assert path_of(tutor) not in page


def test_hours_are_saved_and_hold_for_slots(client, tutor, student):
    hours = {"day_from": "09:00", "day_to": "21:00", "school_from": "08:30", "school_to": "16:30"}
    assert client.post("/settings/hours/", hours).status_code == 302
    kept = StudentHours.objects.get(student=student)
    assert (kept.day_from, kept.school_to) == (time(9), time(16, 30))
    assert 'value="16:30"' in client.get("/settings/hours/").content.decode()
    page = client.get(path_of(tutor)).content.decode()
    days = page.split("<legend")[1:]
    for day in days:
        is_weekend = "Saturday" in day or "Sunday" in day
        assert ("15:00<span" in day) is is_weekend


@pytest.mark.parametrize(
    "change", [{"day_to": "06:00"}, {"school_from": "09:00"}, {"day_from": ""}]
)
def test_wrong_hours_are_refused(client, change):
    hours = {"day_from": "07:00", "day_to": "22:00", "school_from": "", "school_to": ""}
    assert client.post("/settings/hours/", {**hours, **change}).status_code == 400
    assert not StudentHours.objects.exists()
