"""Pages of payees, payers and requests for payment."""

from decimal import Decimal

import pytest
from django.core import mail
from django.urls import reverse

from apps.billing.accounts import get_account
from apps.billing.balances import get_balances
from apps.billing.ledger import append_entry
from apps.billing.models import PayeeDetails, Payer, PaymentRequest
from apps.billing.payments.payees import save_payee
from apps.billing.payments.payers import save_payer
from apps.billing.payments.qr import nbu_link
from apps.billing.payments.requests import create_request, transfer_of
from tests.builders import make_classroom, make_user

pytestmark = pytest.mark.django_db
PAYEE = {
    "currency": "UAH",
    "name": "ФОП Вчитель Тарас",
    "iban": "UA21 3223 1300 0002 6007 2335 6600 1",
    "tax_id": "1234567890",
    "purpose": "Уроки {student} {number}",
}
EURO_IBAN = "DE89370400440532013000"
DETAILS, NEW = reverse("web:payee-details"), reverse("web:payment-request-new")


def test_bank_details_are_kept_by_currency(browser, tutor):
    client = browser(tutor)
    client.post(DETAILS, PAYEE)
    euro = {"currency": "EUR", "name": "Taras", "iban": "DE89370400440532013000", "purpose": "L"}
    client.post(DETAILS, euro)
    found = {each.currency: each.iban for each in PayeeDetails.objects.filter(tutor=tutor)}
    assert found == {"UAH": "UA213223130000026007233566001", "EUR": "DE89370400440532013000"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"iban": "UA213223130000026007233566002"},
        {"iban": "DE89370400440532013000"},
        {"tax_id": "123"},
        {"tax_id": ""},
        {"name": "x" * 71},
        {"currency": "EUR"},  # a Ukrainian account
    ],
)
def test_wrong_bank_details_are_refused(browser, tutor, wrong):
    response = browser(tutor).post(DETAILS, {**PAYEE, **wrong})
    assert response.status_code == 400
    assert not PayeeDetails.objects.exists()


def test_request_needs_bank_details_first(browser, tutor, account):
    assert browser(tutor).get(NEW).url == DETAILS


def test_debt_is_proposed_as_the_amount(browser, tutor, account, payee, student):
    append_entry(account=account, kind="adjustment", unit="UAH", amount=Decimal("-450.50"))
    page = browser(tutor).get(NEW, {"student": student.pk}).content.decode()
    assert 'value="450.50"' in page


@pytest.mark.parametrize("typed", ["1200,50", "1 200.50", "1200.5"])
def test_request_is_made_with_a_comma_or_a_point(browser, tutor, account, payee, student, typed):
    data = {f"amount_{student.pk}": typed, "currency": "UAH"}
    response = browser(tutor).post(f"{NEW}?student={student.pk}", data)
    made = PaymentRequest.objects.get()
    assert response.url == reverse("web:payment-request", args=[made.pk])
    assert transfer_of(made).amount == Decimal("1200.50")


@pytest.mark.parametrize("typed", ["", "0", "-1", "x", "1.234"])
def test_wrong_amount_is_refused(browser, tutor, account, payee, student, typed):
    data = {f"amount_{student.pk}": typed, "currency": "UAH"}
    response = browser(tutor).post(f"{NEW}?student={student.pk}", data)
    assert response.status_code == 400
    assert not PaymentRequest.objects.exists()


def test_siblings_of_one_payer_are_asked_for_together(browser, tutor, student, account, payee):
    brother = get_account(tutor, make_user("student", "Іван", "Коваль"))
    save_payer(tutor=tutor, name="Марія", email="", accounts=[account, brother])
    client, page = browser(tutor), f"{NEW}?student={student.pk}"
    assert "Іван Коваль" in client.get(page).content.decode()
    amounts = {f"amount_{student.pk}": "700", f"amount_{brother.student_id}": "500"}
    client.post(page, {**amounts, "currency": "UAH"})
    assert transfer_of(PaymentRequest.objects.get()).amount == 1200


def test_anybody_with_the_link_sees_how_to_pay(browser, payment_request):
    page = reverse("web:pay", args=[payment_request.token])
    response = browser().get(page)
    text = response.content.decode()
    for part in ("1200.00", "UA213223130000026007233566001", "1234567890", "Олена Коваль, KR-1"):
        assert part in text
    assert nbu_link(transfer_of(payment_request)) in text
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["X-Robots-Tag"] == "noindex"
    picture = browser().get(page + "qr/")
    assert (picture.status_code, picture["Content-Type"]) == (200, "image/svg+xml")


def test_request_whose_form_is_sent_twice_is_made_once(browser, tutor, student, account, payee):
    client, page = browser(tutor), f"{NEW}?student={student.pk}"
    once = client.get(page).context["form"].initial["once"]
    sent = {f"amount_{student.pk}": "700", "currency": "UAH", "once": once}
    first, again = (client.post(page, sent) for _attempt in range(2))
    assert first.url == again.url
    client.post(page, {**sent, f"amount_{student.pk}": "800"})
    assert PaymentRequest.objects.count() == 2


@pytest.mark.parametrize("name", ["\U00020000" * 70, "Учитель" * 10])
def test_longest_names_and_purposes_have_a_page_and_a_picture(browser, tutor, account, name):
    purpose = "Оплата за уроки, " * 8
    for currency, iban in (("UAH", "UA213223130000026007233566001"), ("EUR", EURO_IBAN)):
        save_payee(
            tutor=tutor,
            currency=currency,
            name=name,
            iban=iban,
            tax_id="1234567890",
            purpose=purpose,
        )
        made = create_request(
            tutor=tutor, currency=currency, amounts={account: Decimal("9999999999.99")}, month=""
        )
        page = reverse("web:pay", args=[made.token])
        assert browser().get(page).status_code == 200
        status = browser().get(page + "qr/").status_code
        assert status == (200 if currency == "UAH" else 404)  # SEPA takes less


@pytest.mark.parametrize("token", ["x" * 32, "%00", "a%00b", "%ED%A0%80", "x" * 300])
@pytest.mark.parametrize("page", ["", "qr/"])
def test_unknown_link_is_not_found(browser, payment_request, token, page):
    assert browser().get(f"/pay/{token}/{page}").status_code == 404


def test_withdrawn_request_shows_no_bank_details(browser, tutor, payment_request):
    url = reverse("web:payment-settle", args=[payment_request.pk])
    browser(tutor).post(url, {"action": "withdraw"})
    text = browser().get(reverse("web:pay", args=[payment_request.token])).content.decode()
    assert "withdrawn" in text
    picture = reverse("web:pay-qr", args=[payment_request.token])
    assert browser().get(picture).status_code == 404
    assert payment_request.iban not in text.replace(" ", "")


def test_payment_is_entered_by_hand_once(browser, tutor, account, payment_request):
    url = reverse("web:payment-settle", args=[payment_request.pk])
    for _attempt in range(2):
        browser(tutor).post(url, {"action": "paid"})
    assert get_balances(account) == {"UAH": Decimal("1200.00")}


def test_request_is_mailed_to_the_payer_and_queued_once_a_day(
    browser, tutor, account, payee, settings, django_capture_on_commit_callbacks
):
    settings.EMAIL_URL = "smtp://localhost"
    payer = save_payer(tutor=tutor, name="Марія", email="m@x.example", accounts=[account])
    made = create_request(
        tutor=tutor, currency="UAH", amounts={account: Decimal(5)}, month="x", payer=payer
    )
    for _attempt in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            browser(tutor).post(reverse("web:payment-mail", args=[made.pk]))
    first, message = mail.outbox
    assert first.dedupe_key == message.dedupe_key  # the queue takes only the first
    assert message.to == ["m@x.example"]
    assert made.token in message.body


def test_student_sees_own_requests_alone(browser, tutor, student, account, payment_request, payee):
    brother = get_account(tutor, make_user("student", "Іван", "Коваль"))
    both = {account: Decimal(1), brother: Decimal(1)}
    create_request(tutor=tutor, currency="UAH", amounts=both, month="x")
    text = browser(student).get(reverse("web:payments")).content.decode()
    assert payment_request.token in text
    assert "KR-2" not in text


def test_payer_is_edited_and_deleted(browser, tutor, student, account):
    client = browser(tutor)
    sent = {"name": "Марія", "email": "m@x.example", "students": [str(student.pk)]}
    client.post(reverse("web:payer-new"), sent)
    payer = Payer.objects.get()
    assert [each.account for each in payer.accounts.all()] == [account]
    client.post(reverse("web:payer", args=[payer.pk]), {"name": "Марія"})
    assert not payer.accounts.exists()
    client.post(reverse("web:payer-delete", args=[payer.pk]))
    assert not Payer.objects.exists()


def test_strangers_student_is_no_choice(browser, tutor, stranger):
    sent = {"name": "Марія", "students": [str(stranger.pk)]}
    assert browser(tutor).post(reverse("web:payer-new"), sent).status_code == 400


@pytest.mark.parametrize(
    "name",
    ["web:payee-details", "web:payers", "web:payer-new", "web:payment-request-new", "web:bank"],
)
def test_student_has_no_pages_of_a_tutor(browser, student, name):
    assert browser(student).get(reverse(name)).status_code == 403


def test_another_tutor_has_no_access(browser, other_tutor, tutor, account, payment_request):
    make_classroom(other_tutor)
    payer = save_payer(tutor=tutor, name="Марія", email="", accounts=[account])
    client = browser(other_tutor)
    for name, key in (("payment-request", payment_request.pk), ("payer", payer.pk)):
        assert client.get(reverse(f"web:{name}", args=[key])).status_code == 404
    for name in ("payment-settle", "payment-mail"):
        url = reverse(f"web:{name}", args=[payment_request.pk])
        assert client.post(url, {"action": "paid"}).status_code == 404


def test_more_requests_than_a_tutor_makes_a_day_are_refused(
    browser, tutor, student, account, payee, monkeypatch
):
    monkeypatch.setattr("apps.web.payments.views.requests.REQUESTS", 1)
    client, page = browser(tutor), f"{NEW}?student={student.pk}"
    for amount in ("1", "2"):
        client.post(page, {f"amount_{student.pk}": amount, "currency": "UAH"})
    assert PaymentRequest.objects.count() == 1
