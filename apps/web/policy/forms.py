from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.billing.models import CancellationPolicy, NoFault
from apps.billing.models.policy import MAX_NOTICE
from apps.common.forms import OneOfField
from apps.web.shared.optimistic import OptimisticForm


class PolicyForm(OptimisticForm, forms.Form):
    """The time limit is entered in hours or minutes; a stored one is shown in hours if it is
    whole hours."""

    field_groups = (("notice", "notice_unit"),)

    students_may_cancel = forms.BooleanField(
        label=_("Students may cancel lessons themselves"), required=False
    )
    notice = forms.IntegerField(
        label=_("Free of charge until this long before the lesson"), min_value=0
    )
    notice_unit = OneOfField(
        label=_("Unit"), coerce=int, choices=[(60, _("hours")), (1, _("minutes"))]
    )
    late_charge_percent = forms.IntegerField(
        label=_("Percentage of the lesson that a later cancellation costs"),
        min_value=0,
        max_value=100,
    )
    free_late_cancellations = forms.IntegerField(
        label=_("Late cancellations that are free"), min_value=0, max_value=10
    )
    free_late_period_days = forms.IntegerField(
        label=_("…in each period of this many days"), min_value=1, max_value=365
    )
    no_show_charge_percent = forms.IntegerField(
        label=_("Percentage that a missed lesson costs"),
        min_value=0,
        max_value=100,
    )
    no_fault_reasons = forms.MultipleChoiceField(
        label=_("Reasons for which a late cancellation is free"),
        choices=NoFault.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    @staticmethod
    def to_initial(policy: dict[str, Any]) -> dict[str, Any]:
        minutes = policy["free_until_minutes"]
        unit = 60 if minutes % 60 == 0 else 1
        return {**policy, "notice": minutes // unit, "notice_unit": unit}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if {"notice", "notice_unit"} <= data.keys():
            data["free_until_minutes"] = data["notice"] * data["notice_unit"]
            if data["free_until_minutes"] > MAX_NOTICE:
                self.add_error("notice", forms.ValidationError(_("At most two weeks.")))
        return data

    def get_policy(self) -> dict[str, Any]:
        """The policy of now, with what was changed in the form, as `set_policy` takes it."""
        changed = set(self.changed_data)
        if changed.intersection(("notice", "notice_unit")):
            changed.add("free_until_minutes")
        return {
            name: self.cleaned_data[name] if name in changed else self.initial[name]
            for name in CancellationPolicy.FIELDS
        }
