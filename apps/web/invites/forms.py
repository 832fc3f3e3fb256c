from django import forms
from django.utils.translation import gettext_lazy as _

from apps.classroom.guest_sessions import MAX_NAME
from apps.common.forms import NameField


class GuestForm(forms.Form):
    name = NameField(
        label=_("Your name"),
        max_length=MAX_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
