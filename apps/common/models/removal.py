"""Daily counts of the rows that retention has deleted, for the administrator."""

from datetime import datetime

from django.db import models
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _


class Removal(models.Model):
    class Kind(models.TextChoices):
        CHAT = "chat", _("chat messages")
        VERSIONS = "versions", _("earlier versions of boards")

    removed_at = models.DateTimeField(_("removed at"), db_index=True)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    count = models.PositiveIntegerField(_("count"))

    class Meta:
        verbose_name = _("removal")
        verbose_name_plural = _("removals")
        ordering = ("-removed_at", "-pk")
        constraints = (
            models.CheckConstraint(
                name="removal_kind_known", condition=models.Q(kind__in=["chat", "versions"])
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind}: {self.count}"

    @classmethod
    def since(cls, moment: datetime) -> list[tuple[str, int]]:
        """Return the numbers of rows that were removed since then, by the name of their kind."""
        rows = Removal.objects.filter(removed_at__gte=moment).order_by().values_list("kind")
        found = dict(rows.annotate(total=Sum("count")))
        return [(str(cls.Kind(kind).label), found[kind]) for kind in cls.Kind if kind in found]
