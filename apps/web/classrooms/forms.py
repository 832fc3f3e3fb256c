from django import forms
from django.utils.translation import gettext_lazy as _

from apps.classrooms.models import Classroom
from apps.common.forms import AddressField
from apps.common.pasted import MAX_PASTED, clean_code, is_invite_link
from apps.web.shared.optimistic import OptimisticModelForm


class ClassroomForm(OptimisticModelForm):
    class Meta:
        model = Classroom
        fields = ("name",)
        labels = {"name": _("Name")}


class InviteForm(forms.Form):
    email = AddressField(label=_("E-mail of a student"))


class JoinForm(forms.Form):
    join_code = forms.CharField(
        label=_("Code"),
        max_length=MAX_PASTED,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )

    def clean_join_code(self) -> str:
        """Leaves a pasted invite link as it is; the view redirects to it."""
        pasted: str = self.cleaned_data["join_code"]
        return pasted if is_invite_link(pasted) else clean_code(pasted)


class BlockForm(forms.Form):
    block = forms.BooleanField(
        label=_("Don’t show me any more invitations from this tutor"),
        required=False,
        help_text=_("This ends when you join one of the tutor’s classrooms by code or link."),
    )
