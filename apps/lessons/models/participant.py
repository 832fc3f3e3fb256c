"""A student in a lesson."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.lessons.models.lesson import Lesson

MAX_STUDENTS = 30  # of one lesson; also in apps/lessons/participant_triggers.py


class ParticipantQuerySet(models.QuerySet["Participant"]):
    def attending(self) -> "ParticipantQuerySet":
        """Without those whose participation was cancelled."""
        return self.exclude(status__in=Participant.CANCELLED)


class Participant(models.Model):
    """The last three fields are copies of the lesson's, which database triggers write (see
    apps/lessons/participant_triggers.py), so that the database can refuse overlapping lessons."""

    class Status(models.TextChoices):
        BOOKED = "booked", _("booked")
        CANCELLED = "cancelled", _("cancelled")
        LATE_CANCELLED = "late_cancelled", _("cancelled late")
        ATTENDED = "attended", _("attended")
        NO_SHOW = "no_show", _("did not come")

    CANCELLED = (Status.CANCELLED, Status.LATE_CANCELLED)

    # No indexes of their own: those in Meta start with these columns.
    lesson = models.ForeignKey(
        Lesson, on_delete=models.CASCADE, related_name="participants", db_index=False
    )
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="participations",
        db_index=False,
    )
    status = models.CharField(
        _("status"), max_length=14, choices=Status, default=Status.BOOKED, db_default=Status.BOOKED
    )
    starts_at = models.DateTimeField(null=True, editable=False)
    occupied_until = models.DateTimeField(null=True, editable=False)
    occupies = models.BooleanField(
        db_default=False,
        editable=False,
        help_text="Whether the student's other lessons may not overlap this one.",
    )

    objects = ParticipantQuerySet.as_manager()

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        ordering = ("student__sort_key", "student_id")  # by last name, first name and id
        constraints = (
            models.UniqueConstraint(
                name="participant_once_per_lesson", fields=["lesson", "student"]
            ),
            models.CheckConstraint(
                name="participant_status_known",
                condition=Q(
                    status__in=["booked", "cancelled", "late_cancelled", "attended", "no_show"]
                ),
            ),
        )
        indexes = (
            models.Index(name="participant_student_starts", fields=["student", "starts_at"]),
        )

    def __str__(self) -> str:
        return f"{self.student_id} in {self.lesson_id}"

    @property
    def is_cancelled(self) -> bool:
        return self.status in self.CANCELLED
