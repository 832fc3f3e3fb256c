import re
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.billing.currencies import CURRENCIES
from apps.billing.models import LESSONS, AccountEntry, CancellationDecision, NoFault, Rate
from apps.billing.models.policy import MAX_NOTICE
from apps.common.openapi import example
from apps.common.pagination import LimitQuerySerializer
from apps.common.parsing import (
    OneOfField,
    StrictBooleanField,
    StrictIntegerField,
    TextField,
)
from apps.lessons.api.serializers import LessonCancelSerializer
from apps.lessons.api.series_serializers import DocumentedDayField

_POLICY = {
    "students_may_cancel": True,
    "free_until_minutes": 1440,
    "late_charge_percent": 100,
    "no_show_charge_percent": 100,
    "free_late_cancellations": 1,
    "free_late_period_days": 90,
    "no_fault_reasons": ["illness", "power_cut"],
}
_RATE = {"amount": "400.00", "currency": "UAH", "per": "lesson"}
_PACK = {"id": 4, "lessons": 8, "left": 6, "expires_on": "2026-12-31", "frozen_on": None}
_ENTRY = {
    "id": 12,
    "created_at": "2026-11-29T15:00:00Z",
    "kind": "lesson",
    "unit": "UAH",
    "amount": "-400.00",
    "lesson_id": 7,
    "note": "",
    "reverses_id": None,
}
_AMOUNT = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,2})?", re.ASCII)
_MONTH = re.compile(r"(19|20|21)\d\d-(0[1-9]|1[0-2])", re.ASCII)


@extend_schema_field({"type": "string", "format": "decimal", "pattern": rf"^{_AMOUNT.pattern}$"})
class AmountTextField(serializers.Field[Decimal, Any, str, Any]):
    """A decimal with at most two places, as text: JSON has no exact numbers."""

    default_error_messages = {
        "invalid": gettext_lazy("Enter an amount as text, such as “400.00”."),
        "negative": gettext_lazy("Must not be negative."),
    }

    def __init__(self, *, may_be_negative: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.may_be_negative = may_be_negative

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str) or not _AMOUNT.fullmatch(data):
            self.fail("invalid")
        amount = Decimal(data)
        if amount < 0 and not self.may_be_negative:
            self.fail("negative")
        return amount


class CurrencyField(TextField):
    default_error_messages = {
        "unknown": gettext_lazy("Enter a currency of ISO 4217, such as UAH."),
    }
    others: tuple[str, ...] = ()

    def to_internal_value(self, data: Any) -> str:
        unit = super().to_internal_value(data)
        if unit not in CURRENCIES and unit not in self.others:
            self.fail("unknown")
        return unit


class UnitField(CurrencyField):
    default_error_messages = {
        "unknown": gettext_lazy("Enter “lesson”, or a currency of ISO 4217, such as UAH."),
    }
    others = (LESSONS,)


@example(_POLICY)
class CancellationPolicySerializer(serializers.Serializer[Any]):
    students_may_cancel = StrictBooleanField()
    free_until_minutes = StrictIntegerField(
        min_value=0,
        max_value=MAX_NOTICE,
        help_text="How long before its start a lesson can be cancelled free of charge.",
    )
    late_charge_percent = StrictIntegerField(
        min_value=0, max_value=100, help_text="Of what the lesson costs, if cancelled later."
    )
    no_show_charge_percent = StrictIntegerField(min_value=0, max_value=100)
    free_late_cancellations = StrictIntegerField(
        min_value=0, max_value=10, help_text="Late cancellations a period that cost nothing."
    )
    free_late_period_days = StrictIntegerField(min_value=1, max_value=365)
    no_fault_reasons = serializers.ListField(
        child=OneOfField(choices=NoFault.values),
        max_length=len(NoFault.values) * 2,
        help_text="Reasons for which a late cancellation costs nothing and is not counted.",
    )


@example(
    {
        "free_until": "2026-11-28T15:00:00Z",
        "outcome": "charged",
        "charge_percent": 100,
        "free_late_cancellations_left": 0,
        "detail": "2 h 40 min before: this lesson will be charged.",
    }
)
class CancellationTermsSerializer(serializers.Serializer[Any]):
    free_until = serializers.DateTimeField()
    outcome = serializers.ChoiceField(choices=CancellationDecision.Outcome.choices)
    charge_percent = serializers.IntegerField()
    free_late_cancellations_left = serializers.IntegerField(
        help_text="Before this cancellation, in the current period."
    )
    detail = serializers.CharField(help_text="The consequence, or why it is refused, in words.")


class TermsQuerySerializer(serializers.Serializer[Any]):
    student_id = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        help_text="For the tutor: one of the lesson’s students; by default the first.",
    )


@example({"reason": "A headache", "no_fault": "illness"})
class CancelSerializer(LessonCancelSerializer):
    no_fault = OneOfField(
        choices=NoFault.values,
        required=False,
        allow_null=True,
        help_text="By a student: one of the policy’s `no_fault_reasons`.",
    )


@example({"note": "Was in hospital"})
class NoteSerializer(serializers.Serializer[Any]):
    note = TextField(allow_blank=True, max_length=500)


@example(_RATE)
class RateSerializer(serializers.Serializer[Any]):
    amount = AmountTextField(help_text="“0” charges nothing.")
    currency = CurrencyField(help_text="ISO 4217.")
    per = OneOfField(choices=Rate.Per.values)


class BalanceSerializer(serializers.Serializer[Any]):
    unit = serializers.CharField(help_text="`lesson`, or a currency.")
    amount = AmountTextField(help_text="Positive is paid in advance.")


@example(_PACK)
class PackSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    lessons = serializers.IntegerField()
    left = serializers.FloatField(help_text="A whole number, unless parts were charged.")
    expires_on = serializers.DateField(
        allow_null=True, help_text="The last day on which it can be used."
    )
    frozen_on = serializers.DateField(
        allow_null=True,
        help_text="Since when it is neither used nor expires; unfreezing adds the days.",
    )


@example(
    {
        "student_id": 2,
        "tutor_id": 1,
        "balances": [{"unit": "lesson", "amount": "6.00"}],
        "rate": _RATE,
        "packs": [_PACK],
    }
)
class AccountSerializer(serializers.Serializer[Any]):
    student_id = serializers.IntegerField()
    tutor_id = serializers.IntegerField()
    balances = BalanceSerializer(many=True)
    rate = RateSerializer(allow_null=True)
    packs = PackSerializer(
        many=True,
        help_text="Those with lessons left, in the order in which they are used; else the last.",
    )


@example(_ENTRY)
class AccountEntrySerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    kind = serializers.ChoiceField(choices=AccountEntry.Kind.choices)
    unit = serializers.CharField(help_text="`lesson`, or a currency.")
    amount = AmountTextField()
    lesson_id = serializers.IntegerField(allow_null=True)
    note = serializers.CharField()
    reverses_id = serializers.IntegerField(allow_null=True)


@example({"count": 1, "results": [_ENTRY]})
class AccountEntryListSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    results = AccountEntrySerializer(many=True)


@example({"kind": "pack", "unit": "lesson", "amount": "8", "expires_on": "2026-12-31"})
class AccountEntryCreateSerializer(serializers.Serializer[Any]):
    kind = OneOfField(choices=["payment", "pack", "refund", "adjustment"])
    unit = UnitField(help_text="`lesson`, or a currency of ISO 4217; of a pack `lesson`.")
    amount = AmountTextField(
        may_be_negative=True,
        help_text="With at most two places. A refund is subtracted; an adjustment has a sign.",
    )
    note = TextField(required=False, allow_null=True, allow_blank=True, max_length=500)
    expires_on = DocumentedDayField(
        required=False, allow_null=True, help_text="Of a pack: the last day."
    )


class AccountQuerySerializer(serializers.Serializer[Any]):
    tutor_id = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        help_text="For a student of several tutors; by default the one with the first account.",
    )


class EntriesQuerySerializer(LimitQuerySerializer, AccountQuerySerializer):
    pass


class MonthQuerySerializer(serializers.Serializer[Any]):
    month = serializers.CharField(help_text="Such as 2026-11, in the tutor’s time zone.")

    def validate_month(self, month: str) -> str:
        if not _MONTH.fullmatch(month):
            raise serializers.ValidationError(_("Enter a month, such as 2026-11."))
        return month
