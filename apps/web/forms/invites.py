from django import forms
from django.utils.translation import gettext_lazy as _


class GuestForm(forms.Form):
    name = forms.CharField(
        label=_("Your name"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
