from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.web.forms.optimistic import OptimisticModelForm


class SettingsForm(OptimisticModelForm):
    class Meta:
        model = User
        fields = ("first_name", "last_name", "timezone", "locale")
        labels = {
            "first_name": _("First name"),
            "last_name": _("Last name"),
            "timezone": _("Time zone"),
            "locale": _("Language"),
        }
