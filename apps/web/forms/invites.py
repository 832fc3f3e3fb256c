from django import forms
from django.utils.translation import gettext_lazy as _

from apps.common.forms import NameField


class GuestForm(forms.Form):
    name = NameField(
        label=_("Your name"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
