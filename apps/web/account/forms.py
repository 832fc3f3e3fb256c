from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.common.forms import OneOfField
from apps.web.shared.optimistic import OptimisticModelForm


class SettingsForm(OptimisticModelForm):
    locale = OneOfField(label=_("Language"), choices=User.Locale)

    class Meta:
        model = User
        fields = ("first_name", "last_name", "timezone", "locale")
        labels = {
            "first_name": _("First name"),
            "last_name": _("Last name"),
            "timezone": _("Time zone"),
        }
