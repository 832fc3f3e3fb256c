from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.classrooms.models import Classroom
from apps.classrooms.roster.reader import RosterError, read_roster
from apps.common.forms import NameField
from apps.common.turns import turn


class RosterForm(forms.Form):
    """A file of students, and an existing or new classroom to invite them to."""

    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "An Excel workbook (.xlsx) or a CSV file. One row per student, with a name, an e-mail "
            "address or both."
        ),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,.txt,text/csv"}),
    )
    classroom = forms.ModelChoiceField(
        label=_("Classroom"),
        queryset=Classroom.objects.none(),
        required=False,
        empty_label=_("New classroom, named below"),
    )
    name = NameField(label=_("Name of the new classroom"), max_length=200, required=False)

    def __init__(self, *args: Any, tutor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tutor = tutor
        self.fields["classroom"].queryset = Classroom.objects.of(tutor)  # type: ignore[attr-defined]

    def clean_file(self) -> bytes:
        data: bytes = self.cleaned_data["file"].read()
        try:
            with turn(self.tutor.pk):
                read_roster(data)
        except RosterError as exc:
            raise forms.ValidationError(str(exc)) from exc
        return data

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("classroom") and not data.get("name") and "classroom" not in self.errors:
            self.add_error("name", _("Choose a classroom, or name a new one."))
        if self.errors and data.get("file"):
            self.add_error("file", _("Choose the file again. Browsers don’t keep it."))
        return data
