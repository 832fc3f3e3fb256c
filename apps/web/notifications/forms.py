from dataclasses import replace
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.models.notification_settings import MAX_REMINDERS
from apps.accounts.notifications.preferences import Preferences, check_quiet_hours
from apps.common.errors import DomainError
from apps.lessons.reminders.texts import lead_label
from apps.web.shared.optimistic import OptimisticForm

OFFERED = (10080, 2880, 1440, 720, 180, 60, 30, 15, 5)  # minutes


class NotificationsForm(OptimisticForm, forms.Form):
    field_groups = (("quiet_from", "quiet_to"),)
    reminders_minutes = forms.TypedMultipleChoiceField(
        label=_("Remind me before a lesson"),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
    )
    email = forms.BooleanField(label=_("Send reminders by e-mail"), required=False)
    quiet_from = forms.TimeField(
        label=_("Quiet from"), required=False, widget=forms.TimeInput({"type": "time"}, "%H:%M")
    )
    quiet_to = forms.TimeField(
        label=_("Quiet until"), required=False, widget=forms.TimeInput({"type": "time"}, "%H:%M")
    )

    def __init__(self, data: Any, current: Preferences) -> None:
        self.current = current
        super().__init__(data, initial=vars(current))
        # One set by the API may not be among those offered.
        minutes = sorted({*OFFERED, *current.reminders_minutes}, reverse=True)
        field: Any = self.fields["reminders_minutes"]
        field.choices = [(each, lead_label(each)) for each in minutes]

    def clean_reminders_minutes(self) -> list[int]:
        chosen: list[int] = self.cleaned_data["reminders_minutes"]
        if len(chosen) > MAX_REMINDERS:
            raise forms.ValidationError(
                _("Choose at most %(count)s reminders."), params={"count": MAX_REMINDERS}
            )
        return chosen

    def clean(self) -> dict[str, Any]:
        if not self.errors:
            try:
                check_quiet_hours(self.preferences)
            except DomainError as exc:
                for field, sentences in (exc.fields or {}).items():
                    self.add_error(field, sentences)
        return self.cleaned_data

    @property
    def preferences(self) -> Preferences:
        """Those of now, with what was changed in the form."""
        changes = {name: self.cleaned_data[name] for name in self.changed_data}
        return replace(self.current, **changes)
