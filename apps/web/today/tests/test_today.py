"""`/today/`: what a tutor has to do."""

from decimal import Decimal

from django.utils import timezone

from apps.billing.accounts import get_account
from apps.billing.ledger import append_entry
from apps.booking.models import MoveRequest
from apps.lessons.models import Lesson
from tests.builders import HOUR, MINUTE, make_lesson, make_user

PATH = "/today/"


def page_of(client):
    return client.get(PATH).content.decode()


def test_new_tutor_is_told_what_to_do_first(browser, tutor):
    page = page_of(browser(tutor))
    assert "No lessons today and tomorrow." in page
    assert 'href="/lessons/new/"' in page


def test_next_lessons_lead_to_their_room_when_it_is_time(browser, tutor, student, classroom):
    now = timezone.now()
    soon = make_lesson(tutor, student, now + 5 * MINUTE)
    later = make_lesson(tutor, student, now + 20 * HOUR)
    far = make_lesson(tutor, student, now + 80 * HOUR)
    page = page_of(browser(tutor))
    assert f'href="/lessons/{soon.pk}/room/"' in page
    assert f'href="/lessons/{later.pk}/room/"' not in page
    assert f'href="/lessons/{later.pk}/"' in page
    assert f"/lessons/{far.pk}/" not in page


def test_request_is_confirmed_there(browser, tutor, student, classroom):
    lesson = make_lesson(tutor, student, timezone.now() + 72 * HOUR, status="requested")
    client = browser(tutor)
    assert f'action="/lessons/{lesson.pk}/answer/"' in page_of(client)
    sent = {"answer": "confirm", "next": "today"}
    answer = client.post(f"/lessons/{lesson.pk}/answer/", sent)
    assert answer["Location"] == PATH
    lesson.refresh_from_db()
    assert lesson.status == "scheduled"
    assert "/answer/" not in page_of(client)


def test_request_for_another_time_names_both(browser, tutor, student, classroom):
    now = timezone.now()
    lesson = make_lesson(tutor, student, now + 72 * HOUR)
    asked = make_lesson(tutor, student, now + 96 * HOUR, status="requested")
    MoveRequest.objects.create(request=asked, lesson=lesson)
    page = page_of(browser(tutor))
    assert "Asks for another time. Now:" in page


def test_lesson_without_its_tutor_is_marked_there(browser, tutor, student, classroom):
    lesson = make_lesson(tutor, student, timezone.now() - 30 * HOUR)
    client = browser(tutor)
    assert f'action="/lessons/{lesson.pk}/outcome/"' in page_of(client)
    client.post(f"/lessons/{lesson.pk}/outcome/", {"held": "1"})
    assert Lesson.objects.get().status == "completed"
    page_of(client)  # says so, and offers to undo it
    assert "/outcome/" not in page_of(client)


def test_who_owes_and_whose_pack_ends_is_asked_for_payment(browser, tutor, student, classroom):
    account = get_account(tutor, student)
    append_entry(account=account, kind="adjustment", unit="UAH", amount=Decimal(-400))
    even = make_user("student", "Even", "Steven")
    append_entry(account=get_account(tutor, even), kind="payment", unit="UAH", amount=Decimal(400))
    page = page_of(browser(tutor))
    assert f"/payments/requests/new/?student={student.pk}" in page
    assert "Even" not in page


def test_page_of_another_tutor_shows_none_of_it(browser, tutor, other_tutor, student, classroom):
    make_lesson(tutor, student, timezone.now() + 5 * MINUTE)
    assert "Коваль" not in page_of(browser(other_tutor))
