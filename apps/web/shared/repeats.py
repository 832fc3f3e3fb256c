"""How often the forms offer to repeat a lesson."""

from django.utils.translation import gettext_lazy as _

REPEATS = [
    ("weekly", _("every week")),
    ("two-weeks", _("every two weeks")),
    ("monthly", _("every month on this day")),
]
