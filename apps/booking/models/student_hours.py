"""When a student can have lessons, by the student's own clock."""

from datetime import time

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

DAY_STARTS, DAY_ENDS = time(7), time(22)


class StudentHours(models.Model):
    """`school_…` are the hours of lessons at school, Monday to Friday."""

    student = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="lesson_hours",
    )
    day_from = models.TimeField(_("not before"), default=DAY_STARTS)
    day_to = models.TimeField(_("not after"), default=DAY_ENDS)
    school_from = models.TimeField(_("school from"), null=True)
    school_to = models.TimeField(_("school until"), null=True)

    class Meta:
        verbose_name = _("hours of a student")
        verbose_name_plural = _("hours of students")
        constraints = (
            models.CheckConstraint(
                name="student_hours_day_in_order", condition=Q(day_from__lt=F("day_to"))
            ),
            models.CheckConstraint(
                name="student_hours_school_both_or_none",
                condition=Q(school_from=None, school_to=None)
                | Q(
                    school_from__isnull=False,
                    school_to__isnull=False,
                    school_from__lt=F("school_to"),
                ),
            ),
        )

    def __str__(self) -> str:
        return f"hours of {self.student_id}"
