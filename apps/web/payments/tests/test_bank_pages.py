"""Pages that import a bank statement and match its payments."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from apps.billing.balances import get_balances
from apps.billing.models import BankFile, BankLine
from apps.billing.payments.bank.reader import MAX_BYTES

pytestmark = pytest.mark.django_db
UPLOAD, PREVIEW = reverse("web:bank"), reverse("web:bank-preview")
IMPORT, LINES = reverse("web:bank-import"), reverse("web:bank-lines")
STATEMENT = "Дата;Сума;Призначення;Контрагент\n24.11.2026;1200,00;KR-1;Марія\n25.11.2026;-5;x;y\n"


def send(client, text=STATEMENT, charset="cp1251"):
    file = SimpleUploadedFile("statement.csv", text.encode(charset))
    return client.post(UPLOAD, {"file": file})


def test_statement_is_previewed_imported_and_matched(browser, tutor, account, payment_request):
    client = browser(tutor)
    assert send(client).url == PREVIEW
    assert "1 incoming payment." in client.get(PREVIEW).content.decode()
    assert client.post(IMPORT).url == LINES
    assert not BankFile.objects.exists()
    line = BankLine.objects.get()
    page = client.get(LINES).content.decode()
    assert f'value="request-{payment_request.pk}" selected' in page
    target = {"action": "confirm", "target": f"request-{payment_request.pk}"}
    client.post(reverse("web:bank-line", args=[line.pk]), target)
    assert get_balances(account) == {"UAH": Decimal("1200.00")}
    assert "Олена Коваль" in client.get(LINES, {"show": "entered"}).content.decode()


def test_second_import_of_the_file_adds_nothing(browser, tutor):
    client = browser(tutor)
    for _attempt in range(2):
        send(client)
        client.post(IMPORT)
    assert BankLine.objects.count() == 1


def test_more_lines_than_a_tutor_imports_a_day_are_refused(browser, tutor, monkeypatch):
    monkeypatch.setattr("apps.web.payments.views.bank.BANK_LINES", 1)
    client = browser(tutor)
    answers = []
    for day in (1, 2):
        send(client, STATEMENT.replace("24.11", f"{day:02}.11"))
        answers.append(client.post(IMPORT).status_code)
    assert answers == [302, 429]
    assert BankLine.objects.count() == 1


def test_columns_are_chosen_by_hand(browser, tutor):
    client = browser(tutor)
    send(client, "wann,wieviel\n2026-11-24,5.00\n", "utf-8")
    assert "Choose the columns" in client.get(PREVIEW).content.decode()
    assert "1 incoming payment." in client.get(PREVIEW, {"date": 0, "amount": 1}).content.decode()
    client.post(IMPORT, {"date": 0, "amount": 1, "currency": "EUR"})
    assert BankLine.objects.get().currency == "EUR"


@pytest.mark.parametrize("content", [b"", b"\0\1\2", b"x" * (MAX_BYTES + 1)])
def test_other_files_are_refused(browser, tutor, content):
    file = SimpleUploadedFile("statement.csv", content)
    assert browser(tutor).post(UPLOAD, {"file": file}).status_code == 400
    assert not BankFile.objects.exists()


def test_payment_is_ignored_or_entered_for_a_student_and_undone(browser, tutor, student, account):
    client = browser(tutor)
    send(client)
    client.post(IMPORT)
    line = BankLine.objects.get()
    url = reverse("web:bank-line", args=[line.pk])
    client.post(url, {"action": "confirm", "target": f"student-{student.pk}"})
    assert get_balances(account) == {"UAH": Decimal("1200.00")}
    client.post(url, {"action": "undo"})
    assert get_balances(account) == {"UAH": Decimal("0.00")}
    client.post(url, {"action": "ignore"})
    line.refresh_from_db()
    assert (line.status, line.purpose) == ("ignored", "")


@pytest.mark.parametrize("target", ["", "student-", "student-0", "request-1", "student-x", "x-1"])
def test_payment_of_nobody_is_not_entered(browser, tutor, account, target):
    client = browser(tutor)
    send(client)
    client.post(IMPORT)
    client.post(reverse("web:bank-line", args=[BankLine.objects.get().pk]), {"target": target})
    assert BankLine.objects.get().status == "new"


def test_another_tutors_student_cannot_be_paid_for(browser, tutor, stranger):
    client = browser(tutor)
    send(client)
    client.post(IMPORT)
    url = reverse("web:bank-line", args=[BankLine.objects.get().pk])
    assert client.post(url, {"target": f"student-{stranger.pk}"}).status_code == 302
    assert BankLine.objects.get().status == "new"


def test_another_tutor_does_not_see_the_lines(browser, tutor, other_tutor):
    client = browser(tutor)
    send(client)
    client.post(IMPORT)
    url = reverse("web:bank-line", args=[BankLine.objects.get().pk])
    assert browser(other_tutor).post(url, {"action": "ignore"}).status_code == 404
    assert "1,200" not in browser(other_tutor).get(LINES).content.decode()
