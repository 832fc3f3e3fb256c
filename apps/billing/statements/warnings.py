"""Tells tutor and student once that one lesson of a pack is left."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import override

from apps.accounts.models import User
from apps.billing.balances import get_balances
from apps.billing.models import LESSONS, Account, AccountEntry, Pack, PackWarning
from apps.common import mail

BATCH = 200
LIFETIME = timedelta(days=3)


def warn_last_lessons(now: datetime) -> int:
    """Queue the mails of packs that have come to their last lesson; return how many packs."""
    return sum(_warn(pack, now) for pack in _ending_packs()[:BATCH])


def _ending_packs() -> QuerySet[Pack]:
    """Used up to one lesson or less, and not warned about."""
    charges = Q(entries__kind__in=AccountEntry.CHARGES)
    packs = Pack.objects.filter(warning=None, lessons__gt=1).annotate(
        left=Sum("entries__amount"), used=Count("entries", filter=charges)
    )
    ending = packs.filter(left__lte=1, used__gt=0)
    owner = ending.annotate(owner=Coalesce("account__merged_into", F("account_id")))
    return owner.order_by("pk")


def _warn(pack: Pack, now: datetime) -> bool:
    """The row and the mails are one transaction, so that neither is without the other."""
    account = Account.objects.select_related("tutor", "student").get(pk=pack.owner)  # type: ignore[attr-defined]
    with transaction.atomic():
        _row, is_new = PackWarning.objects.get_or_create(pack=pack, defaults={"warned_at": now})
        left = get_balances(account).get(LESSONS)
        if not is_new or left is None or left > 1:  # another pack has lessons
            return False
        for person in (account.tutor, account.student):
            if person is not None and person.email:
                _send(person, account, pack, now)
    return True


def _send(person: User, account: Account, pack: Pack, now: datetime) -> None:
    student = account.student.get_full_name() if account.student else ""
    values = {"student": student, "tutor": account.tutor.get_full_name()}
    with override(person.locale):
        if person.pk == account.tutor_id:
            subject = _("A pack of lessons ends: %(student)s") % values
            text = _("At most one lesson is left in the pack of: %(student)s.") % values
        else:
            subject = _("Your pack of lessons ends")
            text = _("At most one lesson is left in your pack. Your tutor: %(tutor)s.") % values
        mail.send(
            to=person.email,
            subject=subject,
            text=text,
            dedupe_key=f"pack-warning-{pack.pk}-{person.pk}",
            expires_at=now + LIFETIME,
        )
