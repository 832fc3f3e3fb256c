from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import User
from apps.common.text import lookup_email


class EraseForm(forms.Form):
    """Asks for what nobody types by mistake."""

    email = forms.CharField(
        label=gettext_lazy("Your e-mail address, to confirm"),
        max_length=320,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._person = person

    def clean_email(self) -> str:
        email = lookup_email(str(self.cleaned_data["email"]))
        if email != self._person.email:
            raise forms.ValidationError(_("This is not the address of your account."))
        return email
