"""The sign-up form's fields besides allauth's e-mail and password."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core import context
from django import forms
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.backends.base import SessionBase
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.accounts.placeholders import PURPOSE, find_placeholder
from apps.accounts.sign_up import invited_tutor, may_sign_up_as_tutor, tutors_need_invitation
from apps.common.forms import AddressField, NameField
from apps.common.session_tokens import kept_token
from apps.common.zones import validate_time_zone


def replace_field(fields: Any, name: str, field_class: type[forms.EmailField]) -> None:
    """Replace a form field by one of another class with the same label and widget."""
    old = fields[name]
    fields[name] = field_class(required=old.required, label=old.label, widget=old.widget)


class NewAddressField(AddressField):
    """The address of a new account. Mail to a host without a dot leaves no server."""

    def to_python(self, value: Any) -> str:
        email = super().to_python(value)
        if email and "." not in email.rpartition("@")[2]:
            raise forms.ValidationError(_("Enter a valid email address."), code="invalid")
        return email


class SignupProfileForm(forms.Form):
    """ACCOUNT_SIGNUP_FORM_CLASS of allauth, used by its pages and its headless API."""

    first_name = NameField(label=_("First name"))
    last_name = NameField(label=_("Last name"))
    role = forms.ChoiceField(
        label=_("I am a"),
        choices=User.Role,
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("The role must be tutor or student.")},
    )
    timezone = forms.CharField(
        label=_("Time zone"),
        max_length=64,
        required=False,
        validators=[validate_time_zone],
        widget=forms.HiddenInput,
    )
    invitation = forms.CharField(max_length=2000, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        replace_field(self.fields, "email", NewAddressField)
        self._fill_in_student_link()
        self._fill_in_tutor_link()
        role = context.request.GET.get("role") if context.request is not None else None
        if role in User.Role.values:
            self.initial.setdefault("role", role)

    def _fill_in_student_link(self) -> None:
        """Suggest the student of the link that was opened before this page."""
        session = getattr(context.request, "session", None)
        token = kept_token(session, PURPOSE) if session is not None else ""
        self.placeholder = find_placeholder(token)
        if self.placeholder is not None:
            self.initial.setdefault("invitation", token)
            self.initial.setdefault("role", User.Role.STUDENT)
            self.initial.setdefault("first_name", self.placeholder.first_name)
            self.initial.setdefault("last_name", self.placeholder.last_name)
            if self.placeholder.contact_email:
                self.initial.setdefault("email", self.placeholder.contact_email)

    def _fill_in_tutor_link(self) -> None:
        email = invited_tutor(self._session)
        if email:
            self.initial.setdefault("role", User.Role.TUTOR)
            self.initial.setdefault("email", email)
        elif tutors_need_invitation():
            self.initial["role"] = User.Role.STUDENT
            self.fields["role"].widget = forms.HiddenInput()

    @property
    def _session(self) -> SessionBase | None:
        return getattr(context.request, "session", None)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        is_tutor = data.get("role") == User.Role.TUTOR
        is_open = get_adapter().is_open_for_signup(context.request)  # else the view refuses
        if is_tutor and is_open and not may_sign_up_as_tutor(data.get("email", ""), self._session):
            message = _("Tutors sign up by invitation: ask the administrator for a link.")
            self.add_error(None, forms.ValidationError(message, code="tutors_are_invited"))
        return data

    def _post_clean(self) -> None:
        """Hash the password for an address that has an account, too, and discard the hash: a
        faster response would reveal that the address is known."""
        super()._post_clean()  # type: ignore[misc]
        if getattr(self, "account_already_exists", False) and not self.errors:
            make_password(self.cleaned_data.get("password1") or self.cleaned_data["password"])

    def signup(self, request: Any, user: User) -> None:
        """Required by allauth; AccountAdapter.save_user has stored these fields already."""

    def fill_user(self, user: User) -> None:
        user.first_name = self.cleaned_data["first_name"]
        user.last_name = self.cleaned_data["last_name"]
        user.role = self.cleaned_data["role"]
        user.timezone = self.cleaned_data["timezone"] or user.timezone
        user.locale = "en" if (get_language() or "").startswith("en") else "uk"
