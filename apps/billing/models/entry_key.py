"""The `Idempotency-Key` with which a client added an entry."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.billing.models.account import Account
from apps.billing.models.entry import AccountEntry


class EntryKey(models.Model):
    """Not columns of the entry, which most entries would leave empty and nothing can add later."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=255, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    entry = models.OneToOneField(AccountEntry, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("key of an account entry")
        verbose_name_plural = _("keys of account entries")
        constraints = (
            models.UniqueConstraint(name="entry_once_per_key", fields=["account", "key"]),
        )

    def __str__(self) -> str:
        return str(self.entry_id)
