"""The due time of each periodic job; a process claims the row before it runs the job."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class PeriodicJob(models.Model):
    name = models.CharField(primary_key=True, max_length=50)
    due_at = models.DateTimeField()
    has_failed = models.BooleanField(default=False, help_text="The last run ended by an error.")

    class Meta:
        verbose_name = _("background task")
        verbose_name_plural = _("background tasks")

    def __str__(self) -> str:
        return self.name

    @classmethod
    def claim(cls, name: str, now: datetime, next_due: datetime, latest: datetime) -> bool:
        """Return True if the job was due and this caller may run it. After `latest` no job can be
        due: the clock was wrong when its row was written."""
        is_due = Q(due_at__lte=now) | Q(due_at__gt=latest)
        return cls.objects.filter(is_due, name=name).update(due_at=next_due) == 1
