"""`/t/{slug}/`: newcomers ask for a first lesson, and the tutor answers."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.core import mail
from django.utils import timezone

from apps.accounts.models import User
from apps.booking.availability import AvailabilityPlan, replace_availability
from apps.booking.first_lessons import LIFETIME, MAX_OPEN, delete_old, list_requests
from apps.booking.models import BookingPage, FirstLessonRequest
from apps.lessons.models import Lesson
from tests.builders import HOUR, make_lesson, make_user

PAGE = "/t/taras/"
SETTINGS = "/settings/booking-page/"
NEWCOMER = {"first_name": "Нова", "last_name": "Людина", "email": "new@home.example"}


@pytest.fixture
def page(tutor, classroom):
    weekly = {day: [(15 * 60, 18 * 60)] for day in range(7)}
    replace_availability(tutor=tutor, plan=AvailabilityPlan(tutor.timezone, weekly))
    return BookingPage.objects.create(tutor=tutor, slug="taras", is_open=True, about="Алгебра")


def at(tutor, hour, days=3):
    day = tutor.to_local_time(timezone.now() + days * 24 * HOUR).date()
    return datetime.combine(day, time(hour), tutor.zone).astimezone(UTC)


def ask(client, starts_at, zone="Europe/Kyiv", **changes):
    query = {"starts_at": f"{starts_at:%Y-%m-%dT%H:%MZ}", "timezone": zone}
    address = client.get(f"{PAGE}ask/", query).request
    return client.post(f"{PAGE}ask/?{address['QUERY_STRING']}", {**NEWCOMER, **changes})


def test_page_shows_the_tutor_and_free_times_and_no_students(browser, page, tutor, student):
    make_lesson(tutor, student, at(tutor, 16))
    shown = browser().get(PAGE).content.decode()
    assert "Тарас Вчитель" in shown
    assert "Алгебра" in shown
    for text in (student.last_name, student.email, tutor.email):
        assert text not in shown
    assert f"{at(tutor, 15):%Y-%m-%dT%H%%3A%MZ}" in shown
    assert f"{at(tutor, 16):%Y-%m-%dT%H%%3A%MZ}" not in shown


def test_times_are_in_the_zone_that_the_visitor_chooses(browser, page, tutor):
    shown = browser().get(PAGE, {"timezone": "Europe/London"}).content.decode()
    assert ">13:00<span" in shown
    assert ">17:00<span" not in shown


def test_no_time_at_the_visitors_night_is_offered(browser, page):
    shown = browser().get(PAGE, {"timezone": "Asia/Tokyo"}).content.decode()
    assert "22:00<span" not in shown
    assert "There is no free time at present." in shown


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}ask/", f"{PAGE}sent/", "/t/nobody/"])
def test_page_that_is_closed_is_not_found(browser, page, path):
    BookingPage.objects.update(is_open=False)
    assert browser().get(path).status_code == 404


def test_newcomer_asks_and_no_time_is_held(browser, page, tutor):
    answer = ask(browser(), at(tutor, 16), "Europe/London")
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}sent/")
    asked = FirstLessonRequest.objects.get()
    assert (asked.tutor, asked.starts_at, asked.email) == (tutor, at(tutor, 16), NEWCOMER["email"])
    assert asked.timezone == "Europe/London"
    assert not User.objects.filter(first_name="Нова").exists()
    assert not Lesson.objects.exists()
    shown = browser().get(PAGE).content.decode()
    assert f"{at(tutor, 16):%Y-%m-%dT%H%%3A%MZ}" in shown


def test_every_address_is_answered_the_same(browser, page, tutor, student, classroom):
    known = make_user("student", email="known@home.example")
    bodies, counts = [], []
    for email in (student.email, known.email, tutor.email, "nobody@home.example"):
        client = browser()
        answer = ask(client, at(tutor, 16), email=email)
        assert answer["Location"] == f"{PAGE}sent/"
        shown = client.get(answer["Location"]).content.decode()
        bodies.append(shown.partition("<main")[2].partition("</main>")[0])
        counts.append(FirstLessonRequest.objects.filter(email=email).count())
    assert bodies[0]
    assert len(set(bodies)) == 1
    assert counts == [1, 1, 1, 1]


def test_second_request_of_an_address_replaces_the_first(browser, page, tutor):
    for hour in (15, 16):
        ask(browser(), at(tutor, hour))
    assert FirstLessonRequest.objects.get().starts_at == at(tutor, 16)


@pytest.mark.parametrize(("hour", "minute"), [(20, 0), (16, 7)])
def test_time_that_is_not_offered_is_refused(browser, page, tutor, hour, minute):
    answer = ask(browser(), at(tutor, hour) + timedelta(minutes=minute))
    assert answer.status_code == 400
    assert "no longer free" in answer.content.decode()
    assert not FirstLessonRequest.objects.exists()


@pytest.mark.parametrize("change", [{"email": "no"}, {"first_name": "\u200b"}, {"last_name": ""}])
def test_bad_name_or_address_is_refused(browser, page, tutor, change):
    assert ask(browser(), at(tutor, 16), **change).status_code == 400
    assert not FirstLessonRequest.objects.exists()


def test_requests_of_one_address_of_the_network_are_limited(browser, page, tutor, settings):
    settings.THROTTLING = True
    client = browser()
    codes = [ask(client, at(tutor, 16), email=f"n{n}@x.example").status_code for n in range(7)]
    assert codes == [302] * 6 + [429]


def test_open_requests_of_a_tutor_are_limited(browser, page, tutor):
    starts_at = at(tutor, 15)
    FirstLessonRequest.objects.bulk_create(
        FirstLessonRequest(
            tutor=tutor, email=f"n{n}@x.example", starts_at=starts_at, ends_at=starts_at + HOUR
        )
        for n in range(MAX_OPEN)
    )
    assert "many requests" in ask(browser(), at(tutor, 16)).content.decode()
    assert FirstLessonRequest.objects.count() == MAX_OPEN


def test_request_lapses_at_its_start_and_after_two_weeks(page, tutor):
    now = timezone.now()
    for number, (start, created) in enumerate(
        ((HOUR, -HOUR), (-HOUR, -2 * HOUR), (40 * 24 * HOUR, -LIFETIME - HOUR))
    ):
        FirstLessonRequest.objects.create(
            tutor=tutor,
            email=f"n{number}@x.example",
            starts_at=now + start,
            ends_at=now + start + HOUR,
            created_at=now + created,
        )
    [kept] = list_requests(tutor, now)
    delete_old(now)
    assert FirstLessonRequest.objects.get() == kept


@pytest.fixture
def asked(browser, page, tutor):
    ask(browser(), at(tutor, 16), "Europe/London")
    return FirstLessonRequest.objects.get()


def test_tutor_accepts(browser, asked, tutor, classroom, settings):
    settings.EMAIL_URL = "memory://"
    client = browser(tutor)
    path = f"/first-lessons/{asked.pk}/"
    assert f'href="{path}"' in client.get("/today/").content.decode()
    assert NEWCOMER["email"] in client.get(path).content.decode()
    answer = client.post(path, {"answer": "accept", "classroom": classroom.pk})
    lesson = Lesson.objects.get()
    assert answer["Location"] == f"/lessons/{lesson.pk}/"
    student = lesson.student
    assert (student.is_placeholder, student.contact_email) == (True, NEWCOMER["email"])
    assert (lesson.starts_at, student.timezone) == (asked.starts_at, "Europe/London")
    assert not FirstLessonRequest.objects.exists()
    assert client.get(path).status_code == 404


def test_without_mail_the_tutor_gives_the_link(browser, asked, tutor, classroom):
    answer = browser(tutor).post(
        f"/first-lessons/{asked.pk}/", {"answer": "accept", "classroom": classroom.pk}
    )
    assert answer["Location"] == f"/students/{Lesson.objects.get().student_id}/"


def test_time_that_is_taken_meanwhile_leaves_the_request(browser, asked, tutor, student, classroom):
    make_lesson(tutor, student, asked.starts_at)
    answer = browser(tutor).post(
        f"/first-lessons/{asked.pk}/", {"answer": "accept", "classroom": classroom.pk}
    )
    assert answer.status_code == 400
    assert FirstLessonRequest.objects.exists()
    assert not User.objects.filter(first_name="Нова").exists()


def test_tutor_declines_and_nothing_is_kept(browser, asked, tutor):
    answer = browser(tutor).post(f"/first-lessons/{asked.pk}/", {"answer": "decline"})
    assert answer["Location"] == "/today/"
    assert not FirstLessonRequest.objects.exists()
    assert not mail.outbox


def test_request_of_another_tutor_is_not_found(browser, asked, other_tutor):
    assert browser(other_tutor).get(f"/first-lessons/{asked.pk}/").status_code == 404


def test_tutor_is_mailed_without_the_address(
    browser, page, tutor, settings, mailoutbox, django_capture_on_commit_callbacks
):
    settings.EMAIL_URL = "memory://"
    with django_capture_on_commit_callbacks(execute=True):
        ask(browser(), at(tutor, 16))
    [sent] = mailoutbox
    assert sent.to == [tutor.email]
    assert NEWCOMER["email"] not in sent.body
    assert "/first-lessons/" in sent.body


def test_tutor_opens_and_closes_the_page(browser, tutor, other_tutor):
    client = browser(tutor)
    sent = {"slug": "taras-algebra", "is_open": "on", "about": "Алгебра"}
    assert client.post(SETTINGS, sent).status_code == 302
    assert "/t/taras-algebra/" in client.get(SETTINGS).content.decode()
    assert browser().get("/t/taras-algebra/").status_code == 200
    client.post(SETTINGS, {"slug": "taras-algebra"})
    assert browser().get("/t/taras-algebra/").status_code == 404
    answer = browser(other_tutor).post(SETTINGS, sent)
    assert answer.status_code == 400
    assert "This address is taken" in answer.content.decode()


@pytest.mark.parametrize("slug", ["Taras", "тарас", "a b", "-a", "a--b", "", "a/b"])
def test_malformed_address_is_refused(browser, tutor, slug):
    assert browser(tutor).post(SETTINGS, {"slug": slug, "is_open": "on"}).status_code == 400
    assert not BookingPage.objects.exists()
