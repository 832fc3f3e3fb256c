"""Messages of Django's admin that the project's catalogue translates itself.

Django's Ukrainian translation puts a model's name where it would have to be declined; the
project's catalogue takes precedence. This list makes `makemessages` keep the messages in it.
"""

from django.utils.translation import gettext_noop as _

MESSAGES = (
    _("Add %s"),
    _("Add %(name)s"),
    _("Add another %(model)s"),
    _("Add another %(verbose_name)s"),
    _("Change %s"),
    _("Change selected %(model)s"),
    _("Delete selected %(verbose_name_plural)s"),
    _("Select %s"),
    _("Select %s to change"),
    _("Select %s to view"),
    _("View %s"),
)
