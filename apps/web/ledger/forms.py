"""Forms by which a tutor appends entries and sets a rate."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.billing.models import LESSONS, AccountEntry, Rate
from apps.common.forms import OneOfField, TextField
from apps.web.shared.amounts import COMMON_CURRENCIES, AmountField
from apps.web.shared.once import OnceForm

Kind = AccountEntry.Kind
ADDED = (Kind.PAYMENT, Kind.PACK, Kind.REFUND, Kind.ADJUSTMENT)
"""What a tutor enters; everything else the rules make."""


def list_currencies(used: Iterable[str]) -> list[tuple[str, str]]:
    """Those of the account first."""
    codes = [unit for unit in used if unit != LESSONS]
    return [(code, code) for code in dict.fromkeys([*codes, *COMMON_CURRENCIES])]


class EntryForm(OnceForm):
    """A payment, refund or adjustment; of a refund and an adjustment also lessons."""

    sign = OneOfField(
        label=gettext_lazy("What to do"),
        widget=forms.RadioSelect,
        choices=[
            ("1", gettext_lazy("add to the balance")),
            ("-1", gettext_lazy("take from the balance")),
        ],
    )
    amount = AmountField(label=gettext_lazy("Amount"))
    unit = OneOfField(label=gettext_lazy("Currency"))
    note = TextField(label=gettext_lazy("Note"), max_length=500, required=False)

    def __init__(self, *args: Any, kind: str, units: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = list_currencies(units)
        if kind != Kind.PAYMENT:
            choices.append((LESSONS, _("lessons")))
            self.fields["unit"].label = _("Currency or lessons")
        self.fields["unit"].choices = choices  # type: ignore[attr-defined]
        if kind != Kind.ADJUSTMENT:
            del self.fields["sign"]

    def get_entry(self) -> dict[str, Any]:
        """As `append_entry` takes it."""
        data = {name: value for name, value in self.cleaned_data.items() if name != "once"}
        sign = Decimal(data.pop("sign", "1"))
        return {**data, "amount": data["amount"] * sign}


class PackForm(OnceForm):
    amount = forms.IntegerField(label=gettext_lazy("Lessons"), min_value=1, max_value=1000)
    expires_on = forms.DateField(
        label=gettext_lazy("Last day on which it can be used"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    note = TextField(label=gettext_lazy("Note"), max_length=500, required=False)

    def clean_expires_on(self) -> Any:
        day = self.cleaned_data["expires_on"]
        if day is not None and not 2000 <= day.year < 2200:
            raise forms.ValidationError(_("The year must be between 2000 and 2199."))
        return day

    def get_entry(self) -> dict[str, Any]:
        """As `append_entry` takes it."""
        data = {name: value for name, value in self.cleaned_data.items() if name != "once"}
        return {**data, "amount": Decimal(data["amount"]), "unit": LESSONS}


class RateForm(forms.Form):
    amount = AmountField(label=gettext_lazy("Amount"), min_value=Decimal(0))
    currency = OneOfField(label=gettext_lazy("Currency"))
    per = OneOfField(
        label=gettext_lazy("For"),
        widget=forms.RadioSelect,
        choices=[
            (Rate.Per.LESSON.value, gettext_lazy("a lesson")),
            (Rate.Per.HOUR.value, gettext_lazy("an hour")),
        ],
    )

    def __init__(self, *args: Any, units: Iterable[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = list_currencies(units)  # type: ignore[attr-defined]


class ReverseForm(forms.Form):
    note = TextField(
        label=gettext_lazy("Note"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("The student will see it."),
    )
