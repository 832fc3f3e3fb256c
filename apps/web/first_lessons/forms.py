from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.booking.models.first_lesson import MAX_ABOUT, MAX_SLUG
from apps.classrooms.models import Classroom
from apps.common.forms import AddressField, NameField, TextField
from apps.common.zones import known_time_zones


class ZoneForm(forms.Form):
    timezone = forms.CharField(label=gettext_lazy("Time zone"))

    def clean_timezone(self) -> str:
        name: str = self.cleaned_data["timezone"]
        if name not in known_time_zones():
            raise forms.ValidationError(_("Choose a time zone of the list."))
        return name


class NewcomerForm(forms.Form):
    first_name = NameField(label=gettext_lazy("First name"))
    last_name = NameField(label=gettext_lazy("Last name"))
    email = AddressField(
        label=gettext_lazy("E-mail"),
        help_text=gettext_lazy("The invitation comes here if the tutor accepts."),
    )


class BookingPageForm(forms.Form):
    is_open = forms.BooleanField(
        label=gettext_lazy("Anyone with the address can ask for a first lesson"), required=False
    )
    slug = forms.CharField(
        label=gettext_lazy("End of the address"),
        max_length=MAX_SLUG,
        widget=forms.TextInput({"autocapitalize": "none", "spellcheck": "false"}),
        help_text=gettext_lazy("Small Latin letters, digits and hyphens, such as taras-algebra."),
    )
    about = TextField(
        label=gettext_lazy("About you"),
        max_length=MAX_ABOUT,
        required=False,
        widget=forms.Textarea({"rows": 5}),
    )


class AcceptForm(forms.Form):
    classroom = forms.ModelChoiceField(
        label=gettext_lazy("Classroom"), queryset=Classroom.objects.none(), empty_label=None
    )

    def __init__(self, data: Any, tutor: Any) -> None:
        super().__init__(data)
        own: Any = self.fields["classroom"]
        own.queryset = Classroom.objects.of(tutor)
