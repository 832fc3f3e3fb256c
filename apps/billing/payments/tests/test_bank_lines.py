"""Importing lines of statements, suggestions and entering them."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from apps.billing.accounts import get_account
from apps.billing.balances import get_balances
from apps.billing.models import AccountEntry, BankFile, BankLine
from apps.billing.payments.bank import lines
from apps.billing.payments.bank.matching import Matcher, Reason
from apps.billing.payments.bank.reader import read_bank_file
from apps.billing.payments.payers import save_payer
from apps.billing.payments.requests import find_request
from apps.billing.payments.tests.refusals import refused
from tests.builders import make_user

pytestmark = pytest.mark.django_db
HEAD = "Дата;Сума;Призначення;Контрагент;Рахунок контрагента\n"
OTHER_IBAN = "DE89370400440532013000"


def import_text(tutor, *rows):
    return lines.import_rows(tutor, read_bank_file((HEAD + "\n".join(rows)).encode()).rows)


def make_line(tutor, purpose="", name="", iban="", amount="1200.00", digest="d"):
    return BankLine.objects.create(
        tutor=tutor,
        digest=digest,
        day=date(2026, 11, 24),
        amount=Decimal(amount),
        currency="UAH",
        purpose=purpose,
        payer_name=name,
        payer_iban=iban,
    )


def test_line_is_imported_once_whatever_file_it_is_in(tutor):
    a, b = "24.11.2026;100;Уроки;Марія;", "25.11.2026;100;Уроки;Марія;"
    assert import_text(tutor, a, a) == 2
    assert import_text(tutor, a, a, a, b) == 2
    assert import_text(tutor, b, a) == 0


def test_outgoing_payments_are_not_stored(tutor):
    assert import_text(tutor, "24.11.2026;-100;Оренда;;", "24.11.2026;0;x;;", "x;1;y;;") == 0
    assert not BankLine.objects.exists()


def test_confirmed_line_is_entered_once(tutor, account):
    line = make_line(tutor, "Уроки")
    lines.confirm_for_student(line=line, account=account, tutor=tutor)
    for attempt in (
        lambda: lines.confirm_for_student(line=line, account=account, tutor=tutor),
        lambda: lines.ignore(line),
    ):
        with refused("line_settled"):
            attempt()
    assert get_balances(account) == {"UAH": Decimal("1200.00")}
    assert AccountEntry.objects.get().note == "Уроки"


def test_confirmed_request_is_paid(tutor, account, payment_request):
    line = make_line(tutor, "KR-1")
    lines.confirm_for_request(line=line, request=payment_request, tutor=tutor, now=timezone.now())
    assert find_request(payment_request.token).status == "paid"
    assert get_balances(account) == {"UAH": Decimal("1200.00")}


def test_line_of_another_amount_does_not_pay_a_request(tutor, payment_request):
    line = make_line(tutor, "KR-1", amount="1199.99")
    with refused("validation_error"):
        lines.confirm_for_request(
            line=line, request=payment_request, tutor=tutor, now=timezone.now()
        )
    line.refresh_from_db()
    assert line.status == "new"


def test_settled_request_leaves_the_line_to_be_matched(tutor, payment_request):
    first, second = make_line(tutor), make_line(tutor, digest="e")
    pay = {"request": payment_request, "tutor": tutor, "now": timezone.now()}
    lines.confirm_for_request(line=first, **pay)
    with refused("request_settled"):
        lines.confirm_for_request(line=second, **pay)
    second.refresh_from_db()
    assert second.status == "new"


def test_undo_reverses_the_payments_and_reopens_the_request(tutor, account, payment_request):
    line = make_line(tutor, "KR-1")
    lines.confirm_for_request(line=line, request=payment_request, tutor=tutor, now=timezone.now())
    line.refresh_from_db()
    lines.undo_confirmation(line=line, tutor=tutor)
    with refused("line_settled"):
        lines.undo_confirmation(line=line, tutor=tutor)
    assert find_request(payment_request.token).status == "open"
    assert get_balances(account) == {"UAH": Decimal("0.00")}
    line.refresh_from_db()
    lines.confirm_for_student(line=line, account=account, tutor=tutor)
    assert get_balances(account) == {"UAH": Decimal("1200.00")}


def test_ignored_line_forgets_its_details_and_is_not_imported_again(tutor):
    row = "24.11.2026;100;Борг;Петро;"
    import_text(tutor, row)
    lines.ignore(BankLine.objects.get())
    assert BankLine.objects.get().payer_name == ""
    assert import_text(tutor, row) == 0


def test_file_is_kept_until_it_is_imported_or_a_day_is_over(tutor):
    now = timezone.now()
    lines.store_file(tutor, b"one", now)
    lines.store_file(tutor, b"two", now)
    assert lines.load_file(tutor) == b"two"
    lines.delete_old_files(now + timedelta(hours=23))
    assert BankFile.objects.exists()
    lines.delete_old_files(now + timedelta(hours=25))
    assert lines.load_file(tutor) is None


def suggest(tutor, line):
    return Matcher(tutor).suggest(line)


def test_reference_and_amount_suggest_the_request(tutor, payment_request):
    for purpose in ("Оплата kr-1", "KR 1, дякую", "За уроки KR1."):
        found = suggest(tutor, make_line(tutor, purpose, digest=purpose))
        assert found.request == payment_request
        assert Reason.REFERENCE in found.reasons


def test_another_reference_suggests_nothing(tutor, payment_request):
    for purpose in ("KR-12", "XKR-1", "1"):
        assert suggest(tutor, make_line(tutor, purpose, digest=purpose)) is None


def test_reference_with_another_amount_suggests_the_student(tutor, account, payment_request):
    found = suggest(tutor, make_line(tutor, "KR-1", amount="600"))
    assert (found.account, found.request) == (account, None)


@pytest.mark.parametrize(
    ("purpose", "name", "reason"),
    [
        ("за уроки Коваль Олена", "", Reason.STUDENT_NAME),
        ("", "КОВАЛЬ ОЛЕНА ІВАНІВНА", Reason.STUDENT_NAME),
        ("", "Марія Бондар", Reason.PAYER_NAME),
        ("Від: БОНДАР МАРІЯ", "", Reason.PAYER_NAME),
    ],
)
def test_names_suggest_the_student(tutor, account, purpose, name, reason):
    save_payer(tutor=tutor, name="Бондар Марія", email="", accounts=[account])
    found = suggest(tutor, make_line(tutor, purpose, name))
    assert found.account == account
    assert found.reasons == [reason]


def test_bank_account_of_an_earlier_payment_suggests_the_student(tutor, account):
    earlier = make_line(tutor, iban=OTHER_IBAN)
    lines.confirm_for_student(line=earlier, account=account, tutor=tutor)
    found = suggest(tutor, make_line(tutor, iban=OTHER_IBAN, digest="e"))
    assert (found.account, found.reasons) == (account, [Reason.IBAN])


def test_two_equally_likely_students_are_not_guessed(tutor, account):
    brother = get_account(tutor, make_user("student", "Іван", "Коваль"))
    save_payer(tutor=tutor, name="Бондар Марія", email="", accounts=[account, brother])
    assert suggest(tutor, make_line(tutor, name="Марія Бондар")) is None


def test_unrelated_payment_suggests_nothing(tutor, account, payment_request):
    assert (
        suggest(tutor, make_line(tutor, "Повернення боргу", "Петро Сидоренко", amount="5")) is None
    )


def test_others_do_not_find_a_line(tutor, other_tutor):
    line = make_line(tutor)
    with refused("not_found"):
        lines.access_line(other_tutor, line.pk)
