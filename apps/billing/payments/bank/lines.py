"""Lines of bank statements: importing them once, and entering them as payments."""

import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.billing.ledger import append_entry, reverse_entry
from apps.billing.models import (
    Account,
    AccountEntry,
    BankFile,
    BankLine,
    BankLineEntry,
    PaymentRequest,
)
from apps.billing.payments.bank.reader import BankRow
from apps.billing.payments.requests import enter_items, reopen, settle, total_of
from apps.common.errors import DomainError, invalid, not_found
from apps.common.parsing import MAX_ID

FILE_LIFETIME = timedelta(days=1)
Status = BankLine.Status


def store_file(tutor: User, data: bytes, now: datetime) -> None:
    """Keep the file until it is imported; it replaces the one before."""
    packed = zlib.compress(data)
    BankFile.objects.update_or_create(tutor=tutor, defaults={"data": packed, "uploaded_at": now})


def load_file(tutor: User) -> bytes | None:
    file = BankFile.objects.filter(tutor=tutor).first()
    return zlib.decompress(bytes(file.data)) if file else None


def delete_file(tutor: User) -> None:
    BankFile.objects.filter(tutor=tutor).delete()


def delete_old_files(now: datetime) -> None:
    BankFile.objects.filter(uploaded_at__lt=now - FILE_LIFETIME).delete()


def import_rows(tutor: User, rows: Iterable[BankRow]) -> int:
    """Store incoming lines that were not imported before, and return how many."""
    lines = [
        BankLine(
            tutor=tutor,
            digest=row.digest,
            day=row.day,
            amount=row.amount,
            currency=row.currency,
            purpose=row.purpose,
            payer_name=row.payer_name,
            payer_iban=row.payer_iban,
        )
        for row in rows
        if row.day is not None and row.amount is not None and row.is_incoming
    ]
    with transaction.atomic():
        before = BankLine.objects.filter(tutor=tutor).count()
        BankLine.objects.bulk_create(lines, batch_size=500, ignore_conflicts=True)
        return BankLine.objects.filter(tutor=tutor).count() - before


def list_new_lines(tutor: User) -> QuerySet[BankLine]:
    """Those that wait for the tutor, the oldest first."""
    return BankLine.objects.filter(tutor=tutor, status=Status.NEW).order_by("day", "pk")


def list_confirmed_lines(tutor: User) -> QuerySet[BankLine]:
    confirmed = BankLine.objects.filter(tutor=tutor, status=Status.CONFIRMED)
    return confirmed.prefetch_related(
        "entries__entry__account__student", "entries__entry__account__merged_into__student"
    )


def access_line(tutor: User, line_id: int) -> BankLine:
    """Raises `not_found`."""
    line = BankLine.objects.filter(tutor=tutor, pk=min(line_id, MAX_ID)).first()
    if line is None:
        raise not_found()
    return line


@transaction.atomic
def confirm_for_student(*, line: BankLine, account: Account, tutor: User) -> None:
    """Enter the line as a payment of one student. Raises `line_settled`."""
    _claim(line, Status.NEW, status=Status.CONFIRMED)
    entry = append_entry(
        account=account,
        kind=AccountEntry.Kind.PAYMENT,
        unit=line.currency,
        amount=line.amount,
        note=line.purpose,
        created_by=tutor,
    )
    BankLineEntry.objects.create(line=line, entry=entry)


@transaction.atomic
def confirm_for_request(
    *, line: BankLine, request: PaymentRequest, tutor: User, now: datetime
) -> None:
    """Enter the line as the payment of a request. Raises `line_settled`, `request_settled`, or
    `validation_error` if it is not the amount that was asked for."""
    if (line.currency, line.amount) != (request.currency, total_of(request)):
        raise invalid(request=_("The request is for another amount. Choose the student instead."))
    _claim(line, Status.NEW, status=Status.CONFIRMED, request=request)
    settle(request, PaymentRequest.Status.PAID, now)
    entries = enter_items(request, tutor)
    BankLineEntry.objects.bulk_create(BankLineEntry(line=line, entry=entry) for entry in entries)


def ignore(line: BankLine) -> None:
    """Forget the details of a payment that is none of a student's. Raises `line_settled`."""
    _claim(line, Status.NEW, status=Status.IGNORED, purpose="", payer_name="", payer_iban="")


@transaction.atomic
def undo_confirmation(*, line: BankLine, tutor: User) -> None:
    """Reverse the payments of a line, which waits to be matched again. Raises `line_settled`."""
    request_id = line.request_id
    _claim(line, Status.CONFIRMED, status=Status.NEW, request=None)
    entries = AccountEntry.objects.filter(bank_line__line=line, reversal=None).order_by("pk")
    for entry in entries:
        reverse_entry(entry=entry, created_by=tutor, note=_("Bank payment matched by mistake"))
    if request_id is not None:
        reopen([request_id])


def _claim(line: BankLine, was: str, **changes: object) -> None:
    """Change the line if nobody else has meanwhile."""
    if BankLine.objects.filter(pk=line.pk, status=was).update(**changes) != 1:
        raise DomainError("line_settled", 409, _("This payment was dealt with already."))
