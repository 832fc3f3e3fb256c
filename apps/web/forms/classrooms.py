from django import forms
from django.utils.translation import gettext_lazy as _

from apps.classrooms.models import Classroom
from apps.web.forms.optimistic import OptimisticModelForm


class ClassroomForm(OptimisticModelForm):
    class Meta:
        model = Classroom
        fields = ("name",)
        labels = {"name": _("Name")}


class InviteForm(forms.Form):
    email = forms.EmailField(label=_("E-mail of a student"), max_length=254)


class JoinForm(forms.Form):
    join_code = forms.CharField(
        label=_("Code"),
        max_length=32,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )
