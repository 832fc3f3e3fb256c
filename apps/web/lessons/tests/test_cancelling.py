"""A student cancels on the pages, having read what it costs; the tutor waives."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.billing.accounts import get_account, set_rate
from apps.billing.models import AccountEntry, CancellationDecision, CancellationPolicy
from tests.builders import HOUR, make_lesson

pytestmark = pytest.mark.django_db


@pytest.fixture
def set_policy(tutor):
    def make(**changes):
        fields = {"students_may_cancel": True, "no_fault_reasons": ["illness"], **changes}
        made_at = timezone.now() - timedelta(days=20)
        return CancellationPolicy.objects.create(tutor=tutor, created_at=made_at, **fields)

    return make


@pytest.fixture
def rate(tutor, student):
    account = get_account(tutor, student)
    terms = {"amount": Decimal(400), "currency": "UAH", "per": "lesson"}
    return set_rate(account=account, now=timezone.now(), **terms)


@pytest.fixture
def late(tutor, student, classroom):
    """A lesson that starts in 2 h 40 min."""
    return make_lesson(tutor, student, timezone.now() + timedelta(hours=2, minutes=40, seconds=30))


def url(lesson):
    return reverse("web:lesson-cancel", args=[lesson.pk])


def text_of(response):
    return response.content.decode()


def test_student_reads_the_consequence_before_cancelling(browser, student, set_policy, late):
    set_policy()
    for path in (f"/lessons/{late.pk}/", url(late)):
        page = text_of(browser(student).get(path))
        assert "2 h 40 min before: this lesson will be charged." in page
    assert not CancellationDecision.objects.exists()


def test_free_late_cancellations_are_counted_to_a_day(browser, student, set_policy, late):
    set_policy(free_late_cancellations=2, free_late_period_days=30)
    page = text_of(browser(student).get(url(late)))
    assert "uses a free late cancellation, nothing is charged." in page
    assert re.search(r"1 free late cancellation is left until \d\d? \w+", page)


def test_student_cancels_late_and_is_charged(browser, student, set_policy, rate, late):
    set_policy()
    client = browser(student)
    response = client.post(url(late), {"shown": "100", "reason": "Поїздка", "no_fault": ""})
    assert response.url == f"/lessons/{late.pk}/"
    assert AccountEntry.objects.get().amount == Decimal(-400)
    page = text_of(client.get(response.url))
    assert "Cancelled. The lesson is charged." in page
    assert "UAH400.00" in page


def test_consequence_that_was_not_read_is_asked_again(browser, student, set_policy, late):
    """The page was opened before the time limit and sent after it."""
    set_policy()
    client = browser(student)
    response = client.post(url(late), {"shown": "0", "no_fault": ""})
    assert response.status_code == 400
    assert "It costs more now than when you opened the page" in text_of(response)
    assert 'name="shown" value="100"' in text_of(response)
    assert not CancellationDecision.objects.exists()
    client.post(url(late), {"shown": "100", "no_fault": ""})
    assert CancellationDecision.objects.get().charge_percent == 100


def test_no_fault_reason_is_offered_and_free(browser, student, set_policy, rate, late):
    set_policy()
    client = browser(student)
    assert "illness" in text_of(client.get(url(late)))
    client.post(url(late), {"shown": "100", "no_fault": "illness"})
    assert CancellationDecision.objects.get().no_fault == "illness"
    assert not AccountEntry.objects.exists()


@pytest.mark.parametrize("reasons", [[], ["power_cut"]])
def test_reasons_that_the_policy_does_not_have_are_not_offered(
    browser, student, set_policy, late, reasons
):
    set_policy(no_fault_reasons=reasons)
    client = browser(student)
    assert "illness" not in text_of(client.get(url(late)))
    client.post(url(late), {"shown": "100", "no_fault": "illness"})
    assert not CancellationDecision.objects.filter(no_fault="illness").exists()


def test_free_cancellation_asks_for_no_reason(browser, student, set_policy, coming_lesson):
    set_policy()
    page = text_of(browser(student).get(url(coming_lesson)))
    assert "Free of charge until" in page
    assert 'name="no_fault"' not in page
    browser(student).post(url(coming_lesson), {"shown": "0"})
    assert CancellationDecision.objects.get().outcome == "free"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (None, "Your tutor has set no rules for cancelling."),
        ({"students_may_cancel": False}, "policy does not let students cancel"),
    ],
)
def test_refusal_is_said_in_words(browser, student, set_policy, late, changes, words):
    if changes is not None:
        set_policy(**changes)
    client = browser(student)
    for response in (client.get(url(late), follow=True), client.post(url(late), follow=True)):
        assert words in text_of(response)
    assert url(late) not in text_of(client.get(f"/lessons/{late.pk}/"))
    assert not CancellationDecision.objects.exists()


def test_lesson_that_has_started_is_not_offered(browser, tutor, student, set_policy, classroom):
    set_policy()
    running = make_lesson(tutor, student, timezone.now() - HOUR / 2)
    client = browser(student)
    assert url(running) not in text_of(client.get(f"/lessons/{running.pk}/"))
    assert "until it started" in text_of(client.post(url(running), follow=True))


def test_lesson_page_has_the_rules_of_its_booking(browser, tutor, student, set_policy, late):
    set_policy(late_charge_percent=30)
    CancellationPolicy.objects.create(tutor=tutor, late_charge_percent=70, students_may_cancel=True)
    for person in (tutor, student):
        page = text_of(browser(person).get(f"/lessons/{late.pk}/"))
        assert "is charged at 30 %" in page
        assert "70 %" not in page


def test_home_offers_to_cancel(browser, student, tutor, set_policy, late, coming_lesson):
    set_policy()
    page = text_of(browser(student).get("/calendar/"))
    for lesson in (late, coming_lesson):
        assert url(lesson) in page
    assert url(late) not in text_of(browser(tutor).get("/calendar/"))


@pytest.mark.parametrize("number", [1, 15])
def test_query_count_of_the_home_page_does_not_grow(
    number, browser, tutor, student, set_policy, classroom, django_assert_max_num_queries
):
    set_policy()
    for i in range(number):
        make_lesson(tutor, student, timezone.now() + HOUR * (30 + 2 * i))
    client = browser(student)
    with django_assert_max_num_queries(18):
        assert text_of(client.get("/calendar/")).count("/cancel/") == number


# Waiving


def test_tutor_waives_with_a_note(browser, tutor, student, set_policy, rate, late):
    set_policy()
    browser(student).post(url(late), {"shown": "100", "no_fault": ""})
    client = browser(tutor)
    waive = reverse("web:lesson-waive", args=[late.pk, student.pk])
    assert waive in text_of(client.get(f"/lessons/{late.pk}/"))
    assert client.post(waive, {"note": ""}).status_code == 302
    assert AccountEntry.objects.count() == 1
    client.post(waive, {"note": "Була в лікарні"})
    assert AccountEntry.objects.get(kind="reversal").note == "Була в лікарні"
    for person in (tutor, student):
        assert "waived: Була в лікарні" in text_of(browser(person).get(f"/lessons/{late.pk}/"))
    again = client.post(waive, {"note": "Ще раз"}, follow=True)
    assert "reversed already" in text_of(again)


def test_cancellation_by_the_tutor_costs_nothing(browser, tutor, student, set_policy, rate, late):
    set_policy()
    browser(tutor).post(url(late), {"reason": "Хворію"})
    late.refresh_from_db()
    assert late.status == "cancelled"
    assert not AccountEntry.objects.exists()
