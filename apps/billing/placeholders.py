"""A student with an account takes a placeholder over (apps/lessons/placeholders.py)."""

from apps.accounts.models import User
from apps.billing.models import Account, Pack, Rate


def move_account(*, placeholder: User, student: User) -> None:
    """Give the placeholder's account to the student, or merge it into the one the student has with
    the same tutor."""
    for account in Account.objects.filter(student=placeholder):
        own = Account.objects.filter(tutor=account.tutor_id, student=student).first()
        if own is None:
            account.student = student
            account.save(update_fields=["student"])
            continue
        Account.objects.filter(merged_into=account).update(merged_into=own)
        account.student, account.merged_into = None, own
        account.save(update_fields=["student", "merged_into"])
        _merge_terms(account, own)


def _merge_terms(merged: Account, own: Account) -> None:
    """The account is billed from the earlier of the two moments; its own rate is kept."""
    moments = [one.billed_from for one in (merged, own) if one.billed_from is not None]
    own.billed_from = min(moments, default=None)
    own.save(update_fields=["billed_from"])
    Pack.objects.filter(account=merged).update(account=own)
    rate = Rate.objects.filter(account=merged).order_by("-pk").first()
    if rate is not None and not Rate.objects.filter(account=own).exists():
        Rate.objects.create(account=own, amount=rate.amount, currency=rate.currency, per=rate.per)
