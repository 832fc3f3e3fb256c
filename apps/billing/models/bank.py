"""Lines of imported bank statements."""

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.billing.models.amount import AmountField
from apps.billing.models.entry import AccountEntry
from apps.billing.models.payment import PaymentRequest


class BankFile(models.Model):
    """The statement that a tutor is importing, until it is imported or a day is over."""

    tutor = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="bank_file"
    )
    data = models.BinaryField(help_text="Compressed with zlib.")
    uploaded_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("bank statement being imported")
        verbose_name_plural = _("bank statements being imported")

    def __str__(self) -> str:
        return str(self.tutor_id)


class BankLine(models.Model):
    """An incoming payment. An ignored one keeps no details, only the digest that tells it again."""

    class Status(models.TextChoices):
        NEW = "new", _("not matched yet")
        CONFIRMED = "confirmed", _("entered")
        IGNORED = "ignored", _("ignored")

    tutor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="bank_lines",
        db_index=False,  # its indexes start with it
    )
    digest = models.CharField(max_length=64, editable=False)
    day = models.DateField(_("date"))
    amount = AmountField()
    currency = models.CharField(_("currency"), max_length=3)
    purpose = models.CharField(_("purpose"), max_length=500, blank=True)
    payer_name = models.CharField(_("payer"), max_length=200, blank=True)
    payer_iban = models.CharField(max_length=34, blank=True)
    imported_at = models.DateTimeField(default=timezone.now)
    status = models.CharField(max_length=9, choices=Status, default=Status.NEW)
    request = models.ForeignKey(
        PaymentRequest, on_delete=models.PROTECT, related_name="bank_lines", null=True
    )

    class Meta:
        verbose_name = _("line of a bank statement")
        verbose_name_plural = _("lines of bank statements")
        ordering = ("-day", "-id")
        constraints = (
            models.UniqueConstraint(name="bank_line_once", fields=["tutor", "digest"]),
            models.CheckConstraint(
                name="bank_line_is_incoming", condition=Q(amount__gt=Decimal(0))
            ),
            models.CheckConstraint(
                name="bank_line_ignored_has_no_details",
                condition=~Q(status="ignored") | Q(purpose="", payer_name="", payer_iban=""),
            ),
            models.CheckConstraint(
                name="bank_line_request_when_confirmed",
                condition=Q(request=None) | Q(status="confirmed"),
            ),
        )
        indexes = (models.Index(name="bank_line_of_status", fields=["tutor", "status", "day"]),)

    def __str__(self) -> str:
        return f"{self.day} {self.amount} {self.currency}"


class BankLineEntry(models.Model):
    """A payment that was entered for a line; several for a request of several students."""

    line = models.ForeignKey(BankLine, on_delete=models.PROTECT, related_name="entries")
    entry = models.OneToOneField(AccountEntry, on_delete=models.PROTECT, related_name="bank_line")

    class Meta:
        verbose_name = _("entry of a bank line")
        verbose_name_plural = _("entries of bank lines")

    def __str__(self) -> str:
        return f"{self.line_id}: {self.entry_id}"
