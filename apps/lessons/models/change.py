"""A change of lessons that its tutor can undo for a minute."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

UNDO_TIME = timedelta(minutes=1)


class LessonChange(models.Model):
    """Lessons and series before and after, as JSON; see apps/lessons/series/undo.py."""

    class Kind(models.TextChoices):
        SCHEDULED = "scheduled", _("series scheduled")
        MOVED = "moved", _("moved")
        CANCELLED = "cancelled", _("cancelled")
        STUDENTS = "students", _("students changed")
        RESTARTED = "restarted", _("started again by a new rule")

    tutor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="lesson_changes"
    )
    kind = models.CharField(max_length=10, choices=Kind)
    before = models.JSONField()
    after = models.JSONField()
    created_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("change of lessons")
        verbose_name_plural = _("changes of lessons")
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                name="lesson_change_kind_known",
                condition=Q(kind__in=["scheduled", "moved", "cancelled", "students", "restarted"]),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} at {self.created_at:%Y-%m-%d %H:%M} UTC"
