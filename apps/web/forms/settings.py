from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User


class SettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("first_name", "last_name", "timezone", "locale")
        labels = {
            "first_name": _("First name"),
            "last_name": _("Last name"),
            "timezone": _("Time zone"),
            "locale": _("Language"),
        }
