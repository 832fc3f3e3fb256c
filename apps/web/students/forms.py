from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.classrooms.models import Classroom, StudentCard
from apps.classrooms.models.student_card import (
    CONTACT_FIELDS,
    MAX_GUARDIAN,
    MAX_LEVEL,
    MAX_NOTE,
    MAX_PHONE,
)
from apps.common.forms import AddressField, NameField, TextField
from apps.web.shared.optimistic import OptimisticForm


class ContactsForm(OptimisticForm, forms.Form):
    """What a tutor keeps about any student."""

    phone = TextField(label=_("Phone"), max_length=MAX_PHONE, required=False)
    level = TextField(
        label=_("Level"),
        max_length=MAX_LEVEL,
        required=False,
        help_text=_("A class, a language level or a goal, such as “Year 9” or “B2”."),
    )
    guardian_name = TextField(label=_("Parent’s name"), max_length=MAX_GUARDIAN, required=False)
    guardian_phone = TextField(label=_("Parent’s phone"), max_length=MAX_PHONE, required=False)
    note = TextField(
        label=_("Private note"),
        max_length=MAX_NOTE,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("Only you can see it."),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        card: StudentCard | None = None,
        initial: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        kept = {name: getattr(card, name) for name in CONTACT_FIELDS} if card else {}
        super().__init__(data, initial={**kept, **(initial or {})}, **kwargs)
        if card is not None and len(card.note) > MAX_NOTE:
            self._keep_long_note(card.note)
        for name in ("phone", "guardian_phone"):
            self.fields[name].widget = forms.TextInput(attrs={"type": "tel", "autocomplete": "off"})

    def _keep_long_note(self, note: str) -> None:
        """Let a note be saved that two merged cards have made longer than what can be typed."""
        field: Any = self.fields["note"]
        # A browser sends a line break as two characters.
        field.max_length = len(note) + note.count("\n")
        is_limit = MaxLengthValidator(MAX_NOTE)
        field.validators = [each for each in field.validators if each != is_limit]
        field.validators.append(MaxLengthValidator(field.max_length))
        field.widget.attrs["maxlength"] = str(field.max_length)


class PlaceholderForm(ContactsForm):
    """A student without an account, whose name and e-mail are the tutor's to change."""

    first_name = NameField(label=_("First name"))
    last_name = NameField(label=_("Last name"), required=False)
    email = AddressField(
        label=_("E-mail"),
        required=False,
        help_text=_("For the invitation. The student may sign up with another one."),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        student: User | None = None,
        initial: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if student is not None:
            names = {"first_name": student.first_name, "last_name": student.last_name}
            initial = {**names, "email": student.contact_email, **(initial or {})}
        super().__init__(data, initial=initial, **kwargs)


class NewStudentForm(PlaceholderForm):
    classroom = forms.ModelChoiceField(
        label=_("Classroom"), queryset=Classroom.objects.none(), empty_label=None
    )
    once = forms.CharField(max_length=32, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, tutor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["classroom"].queryset = Classroom.objects.of(tutor)  # type: ignore[attr-defined]

    def _tracked(self) -> list[str]:
        return []  # nobody else can have changed a student who does not exist yet
