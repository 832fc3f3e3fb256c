"""A student who wants no further invitations of a tutor."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class TutorBlock(models.Model):
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tutor_blocks"
    )
    tutor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="blocks_by_students"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("blocked tutor")
        verbose_name_plural = _("blocked tutors")
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(name="tutor_block_once", fields=["student", "tutor"]),
        )

    def __str__(self) -> str:
        return f"{self.tutor_id} by {self.student_id}"
