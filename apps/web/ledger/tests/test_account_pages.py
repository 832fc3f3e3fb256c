"""The account pages: read line by line, changed by the tutor's forms."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.billing.accounts import get_account, set_rate
from apps.billing.balances import get_balances
from apps.billing.ledger import append_entry, reverse_entry
from apps.billing.ledger_lines import list_lines
from apps.billing.models import Account, AccountEntry, Pack, Rate
from apps.billing.payments.requests import mark_paid
from apps.common.pagination import Page
from apps.lessons.models import Lesson
from tests.builders import HOUR, make_bill, make_classroom, make_lesson, make_membership

pytestmark = pytest.mark.django_db
ALL = Page(20, 0)


@pytest.fixture
def account(tutor, student, classroom):
    return get_account(tutor, student)


@pytest.fixture
def page(student):
    return reverse("web:student-account", args=[student.pk])


def text_of(response):
    return response.content.decode()


def add(account, kind="payment", amount=100, unit="UAH", **fields):
    return append_entry(account=account, kind=kind, unit=unit, amount=Decimal(amount), **fields)


def new(student, kind):
    return reverse("web:account-entry-new", args=[student.pk, kind])


# Reading


def test_account_without_entries_is_empty_and_not_stored(browser, tutor, student, classroom, page):
    assert "No entries yet." in text_of(browser(tutor).get(page))
    own = reverse("web:my-account", args=[tutor.pk])
    assert "No entries yet." in text_of(browser(student).get(own))
    assert not Account.objects.exists()


def test_each_line_has_the_balance_after_it(account):
    for amount in (100, 50):
        add(account, amount=amount)
    add(account, "pack", 8, "lesson")
    add(account, "refund", 30)
    lines = list_lines(account, ALL)
    assert [(line.entry.kind, line.entry.amount, line.balance) for line in lines] == [
        ("refund", Decimal(-30), Decimal(120)),
        ("pack", Decimal(8), Decimal(8)),
        ("payment", Decimal(50), Decimal(150)),
        ("payment", Decimal(100), Decimal(100)),
    ]
    assert list_lines(account, Page(1, 2))[0].balance == Decimal(150)


def test_lines_link_to_lesson_and_request(browser, tutor, student, page):
    bill = make_bill(tutor, student)
    account = get_account(tutor, student)
    set_rate(account=account, amount=Decimal(400), currency="UAH", per="lesson", now=timezone.now())
    lesson = make_lesson(tutor, student, timezone.now() - 2 * HOUR, status="completed")
    mark_paid(request=bill, tutor=tutor, now=timezone.now())
    for person, path, request in (
        (tutor, page, f"/payments/requests/{bill.pk}/"),
        (student, f"/balance/{tutor.pk}/", f"/pay/{bill.token}/"),
    ):
        shown = text_of(browser(person).get(path))
        assert f'href="/lessons/{lesson.pk}/"' in shown
        assert f'href="{request}"' in shown


def test_reference_of_another_students_request_is_no_link(browser, tutor, stranger, account):
    make_membership(make_classroom(tutor), stranger)
    bill = make_bill(tutor, stranger)
    add(account, note=bill.reference)
    [line] = list_lines(account, ALL)
    assert line.request is None


def test_student_reads_the_own_account_only(browser, tutor, other_tutor, student, account, page):
    add(account)
    make_membership(make_classroom(other_tutor), student)
    client = browser(student)
    shown = text_of(client.get(f"/balance/{tutor.pk}/"))
    assert "UAH100.00" in shown
    assert "/reverse/" not in shown
    assert "/account/new/" not in shown
    assert "No entries yet." in text_of(client.get(f"/balance/{other_tutor.pk}/"))
    both = text_of(client.get(reverse("web:my-accounts")))
    assert f"/balance/{tutor.pk}/" in both
    assert f"/balance/{other_tutor.pk}/" in both
    assert client.get(page).status_code == 403


def test_stranger_and_other_tutor_do_not_find_the_account(
    browser, stranger, other_tutor, tutor, account, page
):
    assert browser(stranger).get(f"/balance/{tutor.pk}/").status_code == 404
    assert browser(other_tutor).get(page).status_code == 404


def test_account_is_linked_from_card_list_and_home(browser, tutor, student, account, page):
    add(account)
    client = browser(tutor)
    for path in (f"/students/{student.pk}/", "/students/"):
        assert page in text_of(client.get(path))
    home = text_of(browser(student).get("/calendar/"))
    assert f"/balance/{tutor.pk}/" in home
    assert "UAH100.00" in home


def test_entries_are_paged(browser, tutor, account, page):
    for number in range(1, 26):
        add(account, amount=number)
    second = text_of(browser(tutor).get(page, {"page": 2}))
    assert "21–25 of 25" in second
    assert "balance UAH15.00" in second  # 1 to 5


@pytest.mark.parametrize("number", [1, 20])
def test_query_count_of_the_pages_is_constant(
    browser, tutor, student, account, page, number, django_assert_num_queries
):
    bill = make_bill(tutor, student)
    for n in range(number):
        lesson = make_lesson(tutor, student, timezone.now() - timedelta(days=50 + n))
        add(account, "adjustment", -10, lesson=lesson)
        reverse_entry(entry=add(account, "pack", 8, "lesson"), created_by=tutor)
        add(account, note=bill.reference)
    of_tutor, of_student = browser(tutor), browser(student)
    with django_assert_num_queries(18):
        of_tutor.get(page)
    with django_assert_num_queries(21):
        of_student.get(f"/balance/{tutor.pk}/")


# Entering


@pytest.mark.parametrize(
    ("kind", "sent", "stored"),
    [
        ("payment", {"amount": "1 200,50", "unit": "UAH"}, ("UAH", "1200.50")),
        ("refund", {"amount": "40", "unit": "EUR"}, ("EUR", "-40.00")),
        ("refund", {"amount": "2", "unit": "lesson"}, ("lesson", "-2.00")),
        ("adjustment", {"amount": "5", "unit": "UAH", "sign": "1"}, ("UAH", "5.00")),
        ("adjustment", {"amount": "5", "unit": "UAH", "sign": "-1"}, ("UAH", "-5.00")),
        ("pack", {"amount": "8", "expires_on": "2199-12-31"}, ("lesson", "8.00")),
        ("pack", {"amount": "8"}, ("lesson", "8.00")),
    ],
)
def test_tutor_enters(browser, tutor, student, classroom, page, kind, sent, stored):
    response = browser(tutor).post(new(student, kind), {**sent, "note": "Готівка"})
    assert response.url == page
    entry = AccountEntry.objects.get()
    assert (entry.unit, f"{entry.amount:.2f}") == stored
    assert (entry.kind, entry.note, entry.created_by) == (kind, "Готівка", tutor)


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("payment", {"amount": "0", "unit": "UAH"}),
        ("payment", {"amount": "-5", "unit": "UAH"}),
        ("payment", {"amount": "1.005", "unit": "UAH"}),
        ("payment", {"amount": "5", "unit": "lesson"}),
        ("payment", {"amount": "5", "unit": "XXX"}),
        ("adjustment", {"amount": "5", "unit": "UAH"}),
        ("pack", {"amount": "1001"}),
        ("pack", {"amount": "1.5"}),
        ("pack", {"amount": "8", "expires_on": "9999-01-01"}),
    ],
)
def test_wrong_entry_is_refused(browser, tutor, student, classroom, kind, sent):
    assert browser(tutor).post(new(student, kind), sent).status_code == 400
    assert not AccountEntry.objects.exists()


@pytest.mark.parametrize("kind", ["lesson", "expiry", "reversal", "x"])
def test_kinds_that_the_rules_make_are_not_entered(browser, tutor, student, classroom, kind):
    assert browser(tutor).get(new(student, kind)).status_code == 404


def test_rate_is_set_and_changed(browser, tutor, student, classroom, page):
    client, url = browser(tutor), reverse("web:account-rate", args=[student.pk])
    for amount, per in (("400", "lesson"), ("350,50", "hour")):
        assert client.post(url, {"amount": amount, "currency": "UAH", "per": per}).url == page
    assert [(rate.amount, rate.per) for rate in Rate.objects.order_by("pk")] == [
        (Decimal(400), "lesson"),
        (Decimal("350.50"), "hour"),
    ]
    assert "UAH350.50 an hour" in " ".join(text_of(client.get(page)).split())
    assert client.post(url, {"amount": "-1", "currency": "UAH", "per": "hour"}).status_code == 400


def test_entry_is_reversed_with_a_note_once(browser, tutor, account, page):
    entry = add(account)
    client, url = browser(tutor), reverse("web:account-entry-reverse", args=[entry.pk])
    assert "Payment, UAH100.00" in text_of(client.get(url))
    for _ in range(2):
        assert client.post(url, {"note": "Помилка"}).url == page
    assert AccountEntry.objects.get(kind="reversal").note == "Помилка"
    assert get_balances(account) == {"UAH": Decimal(0)}
    shown = text_of(client.get(page))
    assert url not in shown
    assert "takes back: payment" in shown


# Freezing


def freeze(client, pack, frozen):
    url = reverse("web:pack-freeze", args=[pack.pk])
    return text_of(client.post(url, {"frozen": frozen}, follow=True))


def test_pack_is_frozen_and_its_last_day_moves(browser, tutor, account):
    today = tutor.to_local_time(timezone.now()).date()
    add(account, "pack", 8, "lesson", expires_on=today + timedelta(days=10))
    client, pack = browser(tutor), Pack.objects.get()
    assert "frozen since" in freeze(client, pack, "1")
    assert "This pack is frozen already." in freeze(client, pack, "1")
    Pack.objects.update(frozen_on=today - timedelta(days=5))
    assert "frozen since" not in freeze(client, pack, "0")
    pack.refresh_from_db()
    assert (pack.frozen_on, pack.expires_on) == (None, today + timedelta(days=15))
    assert "This pack is not frozen." in freeze(client, pack, "0")


def test_lesson_before_the_freeze_is_taken_from_the_pack(browser, tutor, student, account):
    add(account, "pack", 8, "lesson")
    lesson = make_lesson(tutor, student, timezone.now() - 2 * HOUR)
    Lesson.objects.filter(pk=lesson.pk).update(status="completed")
    pack = Pack.objects.get()
    freeze(browser(tutor), pack, "1")
    assert AccountEntry.objects.get(kind="lesson").pack == pack


def test_expired_pack_is_not_frozen(browser, tutor, account):
    today = tutor.to_local_time(timezone.now()).date()
    add(account, "pack", 8, "lesson", expires_on=today - timedelta(days=1))
    assert "This pack has expired." in freeze(browser(tutor), Pack.objects.get(), "1")
    assert Pack.objects.get().frozen_on is None


@pytest.mark.parametrize(
    ("kind", "fields", "unit"),
    [("payment", {"amount": "100", "unit": "UAH"}, "UAH"), ("pack", {"amount": "8"}, "lesson")],
)
def test_entry_whose_form_is_sent_twice_is_made_once(
    browser, tutor, student, account, kind, fields, unit
):
    client, url = browser(tutor), new(student, kind)
    page = client.get(url)
    once = page.context["form"].initial["once"]
    assert f'name="once" value="{once}"' in text_of(page)
    for _attempt in range(2):
        assert client.post(url, {**fields, "once": once}).status_code == 302
    assert get_balances(account) == {unit: Decimal(fields["amount"])}
    client.post(url, {**fields, "amount": "5", "once": once})
    assert get_balances(account) == {unit: Decimal(fields["amount"]) + 5}
