"""Days on which a tutor gives no lessons of series."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

MAX_HOLIDAYS = 200  # of one tutor


class Holiday(models.Model):
    tutor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="holidays"
    )
    name = models.CharField(_("name"), max_length=100)
    first_date = models.DateField(_("first day"))
    last_date = models.DateField(_("last day"))

    class Meta:
        verbose_name = _("holidays of a tutor")
        verbose_name_plural = _("holidays of tutors")
        ordering = ("first_date", "id")
        constraints = (
            models.CheckConstraint(
                name="holiday_ends_after_start", condition=Q(last_date__gte=F("first_date"))
            ),
            models.UniqueConstraint(
                name="holiday_once", fields=["tutor", "first_date", "last_date", "name"]
            ),
        )

    def __str__(self) -> str:
        return f"{self.name}: {self.first_date} – {self.last_date}"
