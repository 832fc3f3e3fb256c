"""Payers: who pays for which students, as the tutor keeps it."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.billing.models import Account, AccountPayer, Payer
from apps.billing.models.payment import MAX_PAYERS
from apps.classrooms.models import Membership
from apps.common.errors import invalid, not_found
from apps.common.parsing import MAX_ID


def list_payers(tutor: User) -> QuerySet[Payer]:
    """With their accounts and students."""
    payers = Payer.objects.filter(tutor=tutor)
    return payers.prefetch_related(
        "accounts__account__student", "accounts__account__merged_into__student"
    )


def list_student_accounts(tutor: User) -> list[Account]:
    """The accounts of all present students and of former ones who had one, by the students' names;
    unsaved where there is none yet."""
    stored = Account.objects.filter(tutor=tutor, merged_into=None).select_related("student")
    accounts = {account.student_id: account for account in stored}
    active = Membership.objects.taught_by(tutor).filter(
        status=Membership.Status.ACTIVE, student__isnull=False
    )
    students = User.objects.filter(pk__in=active.values("student")).exclude(accounts__in=stored)
    accounts |= {student.pk: Account(tutor=tutor, student=student) for student in students}
    return sorted(accounts.values(), key=_student_order)


def _student_order(account: Account) -> tuple[bytes, int]:
    return (bytes(account.student.sort_key), account.student.pk) if account.student else (b"", 0)


def access_payer(tutor: User, payer_id: int) -> Payer:
    """Raises `not_found`."""
    payer = list_payers(tutor).filter(pk=min(payer_id, MAX_ID)).first()
    if payer is None:
        raise not_found()
    return payer


def find_payer(account: Account) -> Payer | None:
    paid_by = AccountPayer.objects.filter(account=account.pk).select_related("payer").first()
    return paid_by.payer if paid_by else None


@transaction.atomic
def save_payer(
    *, tutor: User, name: str, email: str, accounts: list[Account], payer: Payer | None = None
) -> Payer:
    """The payer's accounts become exactly these, and leave other payers. Raises
    `validation_error`."""
    if payer is None:
        if Payer.objects.filter(tutor=tutor).count() >= MAX_PAYERS:
            raise invalid(name=_("At most %(n)s payers.") % {"n": MAX_PAYERS})
        payer = Payer(tutor=tutor)
    payer.name, payer.email = name, email
    payer.save()
    own = [account for account in accounts if account.tutor_id == tutor.pk]
    AccountPayer.objects.filter(payer=payer).exclude(account__in=own).delete()
    for account in own:
        AccountPayer.objects.update_or_create(account=account, defaults={"payer": payer})
    return payer
