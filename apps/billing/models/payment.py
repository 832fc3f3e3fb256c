"""Who is paid, who pays, and requests for payment."""

import secrets
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.billing.models.account import Account
from apps.billing.models.amount import AmountField
from apps.common.models.fields import AddressField, NameField

MAX_PAYEE = 70  # of both QR standards
MAX_PURPOSE = 140
MAX_PAYERS = 500  # of a tutor


def make_token() -> str:
    return secrets.token_urlsafe(24)


class PayeeDetails(models.Model):
    """The tutor's bank account for payments in one currency."""

    tutor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="payee_details",
        db_index=False,
    )
    currency = models.CharField(_("currency"), max_length=3)
    name = NameField(_("name of the account’s owner"), max_length=MAX_PAYEE)
    iban = models.CharField("IBAN", max_length=34)
    tax_id = models.CharField(_("tax number"), max_length=10, blank=True)
    purpose = models.CharField(_("purpose of the payment"), max_length=MAX_PURPOSE)

    class Meta:
        verbose_name = _("payee details")
        verbose_name_plural = _("payee details")
        constraints = (
            models.UniqueConstraint(name="payee_once_per_currency", fields=["tutor", "currency"]),
            models.CheckConstraint(
                name="payee_of_hryvnias_has_tax_id", condition=~Q(currency="UAH", tax_id="")
            ),
        )

    def __str__(self) -> str:
        return f"{self.name}, {self.iban}"


class Payer(models.Model):
    """Pays for one student or for several, such as siblings; only the tutor sees it."""

    tutor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="payers"
    )
    name = NameField(_("name"), max_length=100)
    email = AddressField(_("e-mail"), blank=True)

    class Meta:
        verbose_name = _("payer")
        verbose_name_plural = _("payers")
        ordering = ("name", "id")

    def __str__(self) -> str:
        return str(self.name)


class AccountPayer(models.Model):
    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="paid_by")
    payer = models.ForeignKey(Payer, on_delete=models.CASCADE, related_name="accounts")

    class Meta:
        verbose_name = _("payer of an account")
        verbose_name_plural = _("payers of accounts")

    def __str__(self) -> str:
        return f"{self.account_id}: {self.payer_id}"


class PaymentRequest(models.Model):
    """The details are copied, so that a request that was sent stays as it was."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        PAID = "paid", _("paid")
        CANCELLED = "cancelled", _("withdrawn")

    tutor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="payment_requests",
        db_index=False,  # its unique constraint starts with it
    )
    number = models.PositiveIntegerField()
    token = models.CharField(max_length=40, unique=True, default=make_token)
    payer = models.ForeignKey(
        Payer, on_delete=models.SET_NULL, related_name="requests", null=True, blank=True
    )
    currency = models.CharField(max_length=3)
    payee_name = models.CharField(max_length=MAX_PAYEE)
    iban = models.CharField(max_length=34)
    tax_id = models.CharField(max_length=10, blank=True)
    purpose = models.CharField(max_length=MAX_PURPOSE)
    created_at = models.DateTimeField(default=timezone.now)
    status = models.CharField(max_length=9, choices=Status, default=Status.OPEN)
    settled_at = models.DateTimeField(null=True, help_text="When it was paid or withdrawn.")
    idempotency_key = models.CharField(max_length=255, null=True, blank=True, editable=False)
    idempotency_digest = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        verbose_name = _("payment request")
        verbose_name_plural = _("payment requests")
        ordering = ("-number",)
        constraints = (
            models.UniqueConstraint(name="payment_request_number_once", fields=["tutor", "number"]),
            models.UniqueConstraint(
                name="payment_request_once_per_key", fields=["tutor", "idempotency_key"]
            ),
            models.CheckConstraint(
                name="payment_request_settled",
                condition=Q(status="open", settled_at=None)
                | Q(status__in=["paid", "cancelled"], settled_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """What the purpose contains, so that the payment is recognised."""
        return f"KR-{self.number}"


class CardPayment(models.Model):
    """An invoice of a card provider for a payment request; the money goes to the payee."""

    class Status(models.TextChoices):
        PENDING = "pending", _("waiting")
        PAID = "paid", _("paid")
        FAILED = "failed", _("not paid")

    request = models.ForeignKey(
        PaymentRequest, on_delete=models.PROTECT, related_name="card_payments"
    )
    invoice_id = models.CharField(max_length=64, unique=True)
    page_url = models.URLField(max_length=500)
    created_at = models.DateTimeField(default=timezone.now)
    status = models.CharField(max_length=7, choices=Status, default=Status.PENDING)
    check_at = models.DateTimeField(
        null=True, db_index=True, help_text="When the provider is asked next what became of it."
    )

    class Meta:
        verbose_name = _("card payment")
        verbose_name_plural = _("card payments")
        constraints = (
            models.UniqueConstraint(
                name="card_payment_pending_once",
                fields=["request"],
                condition=Q(status="pending"),
            ),
            models.CheckConstraint(
                name="card_payment_is_checked_while_pending",
                condition=Q(status="pending", check_at__isnull=False)
                | Q(status__in=["paid", "failed"], check_at=None),
            ),
        )

    def __str__(self) -> str:
        return self.invoice_id


class PaymentRequestItem(models.Model):
    request = models.ForeignKey(
        PaymentRequest, on_delete=models.CASCADE, related_name="items", db_index=False
    )
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="request_items")
    amount = AmountField()

    class Meta:
        verbose_name = _("item of a payment request")
        verbose_name_plural = _("items of payment requests")
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                name="payment_request_item_once", fields=["request", "account"]
            ),
            models.CheckConstraint(
                name="payment_request_item_positive", condition=Q(amount__gt=Decimal(0))
            ),
        )

    def __str__(self) -> str:
        return f"{self.request_id}: {self.amount}"
