from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.billing.models import Account, PayeeDetails, Payer
from apps.billing.models.payment import MAX_PAYEE, MAX_PURPOSE
from apps.billing.payments.bank.reader import MAX_BYTES
from apps.billing.payments.requisites import clean_iban, clean_tax_id, takes_euro
from apps.common.forms import AddressField, NameField, TextField
from apps.web.shared.amounts import AmountField
from apps.web.shared.once import OnceForm
from apps.web.shared.optimistic import OptimisticForm


class PayeeForm(OptimisticForm, forms.Form):
    field_groups = (("name", "iban", "tax_id"),)  # of one account

    currency = forms.CharField(widget=forms.HiddenInput)
    name = NameField(
        label=gettext_lazy("Account owner, as the bank writes it"), max_length=MAX_PAYEE
    )
    iban = forms.CharField(label="IBAN", max_length=60)
    tax_id = forms.CharField(
        label=gettext_lazy("Tax number"),
        max_length=20,
        help_text=gettext_lazy("RNOKPP, 10 digits, or EDRPOU of an organisation, 8 digits."),
    )
    purpose = TextField(
        label=gettext_lazy("Purpose of the payment"),
        max_length=MAX_PURPOSE,
        help_text=gettext_lazy(
            "{student}, {month} and {number} are filled in. The number of the request is always "
            "added, so that the payment is recognised in your statement."
        ),
    )

    def __init__(self, sent: Any, *, currency: str, payee: PayeeDetails | None) -> None:
        self.paid_in, self.payee = currency, payee
        names = ("name", "iban", "tax_id", "purpose")
        initial = {name: getattr(payee, name, "") for name in names}
        initial["purpose"] = initial["purpose"] or _default_purpose()
        super().__init__(sent, initial=initial, auto_id=f"{currency}_%s")
        self.fields["currency"].initial = currency
        if currency != "UAH":
            self.fields["name"].help_text = _("In Latin letters.")

    def _tracked(self) -> list[str]:
        if self.paid_in != "UAH":
            self.fields.pop("tax_id", None)
        return super()._tracked()

    def changes(self) -> dict[str, str]:
        """What was changed in the form; everything if nothing is stored yet."""
        names = self.cleaned_data if self.payee is None else self.changed_data
        return {name: self.cleaned_data[name] for name in names if name != "currency"}

    def clean_iban(self) -> str:
        iban = clean_iban(self.cleaned_data["iban"])
        if self.paid_in == "UAH" and not iban.startswith("UA"):
            raise ValidationError(_("Payments in hryvnias need a Ukrainian account (UA…)."))
        if self.paid_in == "EUR" and not takes_euro(iban):
            raise ValidationError(_("Accounts of this country take no SEPA transfers in euro."))
        return iban

    def clean_tax_id(self) -> str:
        return clean_tax_id(self.cleaned_data["tax_id"])


def _default_purpose() -> str:
    return _("Payment for lessons, {student}, {number}")


class PayerForm(OptimisticForm, forms.Form):
    name = NameField(label=gettext_lazy("Name"), max_length=100)
    email = AddressField(label=gettext_lazy("E-mail"), required=False)
    students = forms.MultipleChoiceField(
        label=gettext_lazy("Pays for"), widget=forms.CheckboxSelectMultiple, required=False
    )

    def __init__(
        self, *args: Any, accounts: list[Account], payer: Payer | None, **kwargs: Any
    ) -> None:
        self.payer = payer
        super().__init__(*args, **kwargs)
        self.by_student = {str(account.student_id): account for account in accounts}
        choices = [(key, account.student) for key, account in self.by_student.items()]
        self.fields["students"].choices = [  # type: ignore[attr-defined]
            (key, student.get_full_name()) for key, student in choices if student
        ]

    def _tracked(self) -> list[str]:
        return super()._tracked() if self.payer is not None else []

    def value(self, name: str) -> Any:
        """As it was sent if it was changed in the form, else as it is now."""
        is_sent = self.payer is None or name in self.changed_data
        return self.cleaned_data[name] if is_sent else self.initial[name]


class RequestForm(OnceForm):
    """An amount for each of the accounts, of which at least one is filled in."""

    def __init__(
        self,
        *args: Any,
        accounts: Iterable[Account],
        currencies: list[str],
        debts: dict[int, Decimal | None],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.accounts = {f"amount_{account.student_id}": account for account in accounts}
        self.fields["currency"] = forms.ChoiceField(
            label=_("Currency"), choices=[(code, code) for code in currencies]
        )
        for name, account in self.accounts.items():
            student = account.student.get_full_name() if account.student else ""
            self.fields[name] = AmountField(
                label=student,
                required=len(self.accounts) == 1,
                initial=debts.get(account.student_id or 0),
            )

    def amounts(self) -> list[tuple[Account, Decimal]]:
        filled = [(account, self.cleaned_data[name]) for name, account in self.accounts.items()]
        return [(account, amount) for account, amount in filled if amount]

    def amount_fields(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in self.accounts)


class BankFileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("Statement"),
        help_text=gettext_lazy("A CSV file or an Excel workbook (.xlsx), at most 5 MB."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.xlsx,text/csv"}),
    )

    def clean_file(self) -> bytes:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise ValidationError(_("The file is too large: at most 5 MB."))
        data: bytes = file.read()
        return data
