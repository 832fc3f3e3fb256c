"""Read-only: tutors change these rows on their pages, where the rules are checked."""

from django.contrib import admin
from django.http import HttpRequest

from apps.billing.models import (
    Account,
    AccountEntry,
    CancellationDecision,
    CancellationPolicy,
    EntryKey,
    Pack,
    PolicyAcceptance,
    Rate,
)
from apps.billing.models.bank import BankFile, BankLine, BankLineEntry
from apps.billing.models.payment import (
    AccountPayer,
    CardPayment,
    PayeeDetails,
    Payer,
    PaymentRequest,
    PaymentRequestItem,
)
from apps.billing.models.statement import ClosedMonth, PackWarning
from apps.common.admin import ServerRecordAdmin

OF_TUTOR = ("tutor__email", "tutor__last_name")
OF_ACCOUNT = ("account__tutor__email", "account__student__email", "account__student__last_name")


class ReadOnlyAdmin(ServerRecordAdmin):
    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    fields = list_display = ("tutor", "student", "merged_into", "created_at", "billed_from")
    list_select_related = ("tutor", "student")
    search_fields = (*OF_TUTOR, "student__email", "student__last_name")


@admin.register(Rate)
class RateAdmin(ReadOnlyAdmin):
    fields = list_display = ("account", "amount", "currency", "per", "created_at")
    list_select_related = ("account",)
    search_fields = OF_ACCOUNT


@admin.register(Pack)
class PackAdmin(ReadOnlyAdmin):
    fields = list_display = ("account", "lessons", "expires_on", "frozen_on", "created_at")
    list_select_related = ("account",)
    search_fields = OF_ACCOUNT


@admin.register(AccountEntry)
class AccountEntryAdmin(ReadOnlyAdmin):
    fields = list_display = (
        *("created_at", "account", "kind", "unit", "amount"),
        *("lesson", "pack", "reverses", "note"),
    )
    list_filter = ("kind", "unit")
    list_select_related = ("account", "lesson", "pack", "reverses")
    search_fields = ("note", *OF_ACCOUNT)


@admin.register(CancellationPolicy)
class CancellationPolicyAdmin(ReadOnlyAdmin):
    fields = list_display = (
        *("created_at", "tutor", "students_may_cancel", "free_until_minutes"),
        *("late_charge_percent", "no_show_charge_percent", "free_late_cancellations"),
        *("free_late_period_days", "no_fault_reasons"),
    )
    list_select_related = ("tutor",)
    search_fields = OF_TUTOR


@admin.register(PolicyAcceptance)
class PolicyAcceptanceAdmin(ReadOnlyAdmin):
    fields = list_display = ("accepted_at", "policy", "student")
    list_select_related = ("policy", "student")
    search_fields = ("student__email", "policy__tutor__email")


@admin.register(CancellationDecision)
class CancellationDecisionAdmin(ReadOnlyAdmin):
    fields = list_display = (
        *("decided_at", "lesson", "student", "outcome", "charge_percent", "was_free_late"),
        *("no_fault", "reason"),
    )
    list_filter = ("outcome", "no_fault")
    list_select_related = ("lesson", "student")
    search_fields = ("student__email", "student__last_name", "lesson__title")


@admin.register(PayeeDetails)
class PayeeDetailsAdmin(ReadOnlyAdmin):
    fields = list_display = ("tutor", "currency", "name", "iban", "tax_id", "purpose")
    list_select_related = ("tutor",)
    search_fields = ("name", *OF_TUTOR)


@admin.register(Payer)
class PayerAdmin(ReadOnlyAdmin):
    fields = list_display = ("tutor", "name", "email")
    list_select_related = ("tutor",)
    search_fields = ("name", "email", *OF_TUTOR)


@admin.register(AccountPayer)
class AccountPayerAdmin(ReadOnlyAdmin):
    fields = list_display = ("account", "payer")
    list_select_related = ("account", "payer")
    search_fields = ("payer__name", *OF_ACCOUNT)


@admin.register(PaymentRequest)
class PaymentRequestAdmin(ReadOnlyAdmin):
    """Without the token, which opens the payer's page."""

    fields = list_display = (
        *("number", "tutor", "payer", "currency", "payee_name"),
        *("purpose", "status", "created_at", "settled_at"),
    )
    list_filter = ("status", "currency")
    list_select_related = ("tutor", "payer")
    search_fields = ("number", "payer__name", *OF_TUTOR)


@admin.register(PaymentRequestItem)
class PaymentRequestItemAdmin(ReadOnlyAdmin):
    fields = list_display = ("request", "account", "amount")
    list_select_related = ("request", "account")
    search_fields = ("request__number", *OF_ACCOUNT)


@admin.register(CardPayment)
class CardPaymentAdmin(ReadOnlyAdmin):
    fields = list_display = ("created_at", "request", "invoice_id", "status", "check_at")
    list_filter = ("status",)
    list_select_related = ("request",)
    search_fields = ("invoice_id", "request__number")


@admin.register(BankFile)
class BankFileAdmin(ReadOnlyAdmin):
    fields = list_display = ("tutor", "uploaded_at")
    list_select_related = ("tutor",)
    search_fields = OF_TUTOR


@admin.register(BankLine)
class BankLineAdmin(ReadOnlyAdmin):
    fields = list_display = (
        *("day", "tutor", "amount", "currency", "payer_name", "purpose"),
        *("status", "request", "imported_at"),
    )
    list_filter = ("status", "currency")
    list_select_related = ("tutor", "request")
    search_fields = ("purpose", "payer_name", *OF_TUTOR)


@admin.register(BankLineEntry)
class BankLineEntryAdmin(ReadOnlyAdmin):
    fields = list_display = ("line", "entry")
    list_select_related = ("line", "entry")
    search_fields = ("line__purpose", "line__payer_name")


@admin.register(ClosedMonth)
class ClosedMonthAdmin(ReadOnlyAdmin):
    fields = list_display = ("month", "tutor", "closed_at")
    list_select_related = ("tutor",)
    search_fields = OF_TUTOR


@admin.register(EntryKey)
class EntryKeyAdmin(ReadOnlyAdmin):
    fields = list_display = ("entry", "account")
    list_select_related = ("entry", "account")
    search_fields = OF_ACCOUNT


@admin.register(PackWarning)
class PackWarningAdmin(ReadOnlyAdmin):
    fields = list_display = ("pack", "warned_at")
    list_select_related = ("pack",)
    search_fields = ("pack__account__tutor__email", "pack__account__student__email")
