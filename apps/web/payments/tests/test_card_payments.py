"""Card payments, with a stand-in of the provider's API."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from apps.billing.balances import get_balances
from apps.billing.models import AccountEntry, CardPayment, PaymentRequest
from apps.billing.payments.cards.payments import check_pending, start_card_payment
from apps.billing.payments.requests import mark_paid
from tests.monobank_api import TOKEN, MonobankApi

pytestmark = pytest.mark.django_db
SOON = timedelta(seconds=10)


@pytest.fixture
def monobank(settings):
    with MonobankApi() as api:
        settings.MONOBANK_TOKEN, settings.MONOBANK_API_URL = TOKEN, api.url
        yield api


@pytest.fixture
def page(payment_request):
    return reverse("web:pay", args=[payment_request.token])


def start(request):
    return start_card_payment(request=request, now=timezone.now())


def test_page_without_a_provider_offers_no_card(browser, page):
    assert "By card" not in browser().get(page).content.decode()
    assert browser().post(page + "card/").status_code == 404


def test_payer_is_sent_to_the_providers_page(browser, monobank, page, settings):
    client = browser()
    assert "Pay by card" in client.get(page).content.decode()
    assert client.post(page + "card/").url == page
    [order] = monobank.orders
    assert order["amount"] == 120_000
    assert order["ccy"] == 980
    assert order["merchantPaymInfo"]["reference"] == "KR-1"
    assert order["redirectUrl"] == settings.PUBLIC_URL + page
    assert 'href="https://pay.mbnk.biz/p2_1"' in client.get(page).content.decode()


def test_second_press_leads_to_the_same_invoice(monobank, payment_request):
    assert start(payment_request) == start(payment_request)
    assert len(monobank.orders) == 1


def test_payment_is_entered_once(browser, monobank, page, payment_request, account):
    start(payment_request)
    monobank.states["p2_1"] = "success"
    for _repeat in range(2):
        check_pending(timezone.now() + SOON)
    payment_request.refresh_from_db()
    assert payment_request.status == "paid"
    assert get_balances(account) == {"UAH": Decimal("1200.00")}
    assert AccountEntry.objects.get().note == "KR-1, p2_1"
    assert "This request is paid" in browser().get(page).content.decode()


@pytest.mark.parametrize("state", ["failure", "expired", "reversed"])
def test_another_invoice_follows_one_that_failed(monobank, payment_request, account, state):
    first = start(payment_request)
    monobank.states["p2_1"] = state
    second = start(payment_request)
    assert second.invoice_id != first.invoice_id
    first.refresh_from_db()
    assert first.status == "failed"
    assert get_balances(account) == {}


def test_payment_by_card_and_by_hand_are_both_entered(monobank, payment_request, account, tutor):
    start(payment_request)
    mark_paid(request=payment_request, tutor=tutor, now=timezone.now())
    monobank.states["p2_1"] = "success"
    check_pending(timezone.now() + SOON)
    assert get_balances(account) == {"UAH": Decimal("2400.00")}


def test_settled_request_takes_no_card(browser, monobank, payment_request, tutor, page):
    mark_paid(request=payment_request, tutor=tutor, now=timezone.now())
    assert "paid or withdrawn" in browser().post(page + "card/", follow=True).content.decode()
    assert not CardPayment.objects.exists()


@pytest.mark.parametrize(
    "answer",
    [
        (500, b"{}"),
        (403, b'{"errCode": "FORBIDDEN"}'),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"invoiceId": "x", "pageUrl": "javascript:alert(1)"}'),
        (200, b'{"invoiceId": "", "pageUrl": "https://pay.mbnk.biz/x"}'),
        (200, b'{"invoiceId": "%s", "pageUrl": "https://pay.mbnk.biz/x"}' % (b"x" * 65)),
        (200, b'{"invoiceId": "x", "pageUrl": "https://%s"}' % (b"x" * 500)),
    ],
)
def test_payer_is_told_that_the_provider_does_not_answer(browser, monobank, page, answer):
    monobank.failures = [answer]
    text = browser().post(page + "card/", follow=True).content.decode()
    assert "The card service does not answer" in text
    assert not CardPayment.objects.exists()


@pytest.mark.parametrize(
    "answer",
    [(500, b""), (200, b'{"status": "unheard of"}'), (200, b'{"status": []}'), (200, b"null")],
)
def test_payment_is_asked_for_again_after_a_failure(monobank, payment_request, account, answer):
    start(payment_request)
    monobank.states["p2_1"] = "success"
    monobank.failures = [answer]
    check_pending(timezone.now() + SOON)
    assert get_balances(account) == {}
    check_pending(timezone.now() + 10 * SOON)
    assert get_balances(account) == {"UAH": Decimal("1200.00")}


def test_pending_payments_are_asked_for_less_and_less_often(monobank, payment_request):
    payment = start(payment_request)
    for minutes in range(60):
        check_pending(payment.created_at + timedelta(minutes=minutes))
    assert monobank.checks < 40


@pytest.mark.django_db(transaction=True)
def test_simultaneous_starts_and_checks_enter_one_payment(monobank, payment_request, account):
    def at_once(run):
        def work():
            try:
                barrier.wait()
                run()
            finally:
                connection.close()

        barrier = threading.Barrier(4)
        threads = [threading.Thread(target=work) for _each in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    at_once(lambda: start(PaymentRequest.objects.get(pk=payment_request.pk)))
    pending = CardPayment.objects.get()
    monobank.states[pending.invoice_id] = "success"
    at_once(lambda: check_pending(timezone.now() + SOON))
    assert get_balances(account) == {"UAH": Decimal("1200.00")}
