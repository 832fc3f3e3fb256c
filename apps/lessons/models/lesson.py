"""A lesson of a tutor and 1 to 30 students; its room, board, files and notes belong to it."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.classrooms.models import Classroom
from apps.common.db import ShiftedBy
from apps.common.etags import compute_version

if TYPE_CHECKING:
    from apps.accounts.models import User

MIN_DURATION = timedelta(minutes=5)
MAX_DURATION = timedelta(hours=12)


class LessonQuerySet(models.QuerySet["Lesson"]):
    def of(self, user: "User") -> "LessonQuerySet":
        """Lessons that a tutor teaches or a student attends."""
        return self.filter(tutor=user) if user.is_tutor else self.attended_by(user)

    def attended_by(self, student: "User") -> "LessonQuerySet":
        """Also those in which the student's participation is cancelled."""
        return self.filter(participants__student=student)

    def booked_for(self, student: Any) -> "LessonQuerySet":
        """Without those in which the student's participation is cancelled."""
        statuses = ("booked", "attended", "no_show")
        return self.filter(participants__student=student, participants__status__in=statuses)

    def with_people(self) -> "LessonQuerySet":
        return self.select_related("tutor").prefetch_related("participants__student")

    def not_cancelled(self) -> "LessonQuerySet":
        return self.exclude(status=Lesson.Status.CANCELLED)

    def between(self, start: datetime, end: datetime) -> "LessonQuerySet":
        """Lessons that overlap [start, end).

        No lesson is longer than MAX_DURATION, so `starts_at` is bounded from below as well: this
        makes the query a range scan of the index on (person, starts_at).
        """
        return self.filter(starts_at__lt=end, starts_at__gt=start - MAX_DURATION, ends_at__gt=start)

    def occupying(self, start: datetime, end: datetime) -> "LessonQuerySet":
        """Lessons that occupy time in [start, end); one that was ended, only until `ended_at`."""
        not_yet_ended = Q(ended_at__gt=start) & Q(ended_at__gt=F("starts_at"))
        return self.not_cancelled().between(start, end).filter(Q(ended_at=None) | not_yet_ended)

    def ending_after(self, now: datetime) -> "LessonQuerySet":
        """Bounds `starts_at` as `between` does, for the same index."""
        return self.filter(ends_at__gt=now, starts_at__gt=now - MAX_DURATION)

    def upcoming(self, now: datetime) -> "LessonQuerySet":
        """Lessons that are still to take place, or are taking place."""
        return self.filter(status=Lesson.Status.SCHEDULED).ending_after(now)

    def past(self, now: datetime) -> "LessonQuerySet":
        """Lessons whose time is over, or that were ended before it was."""
        over = Q(ends_at__lte=now) | Q(status=Lesson.Status.COMPLETED, ended_at__lte=now)
        return self.not_cancelled().filter(over, starts_at__lt=now)

    def ended_by(self, now: datetime) -> "LessonQuerySet":
        return self.filter(ends_at__lte=now, starts_at__lt=now)

    def in_order(self) -> "LessonQuerySet":
        return self.order_by("starts_at", "id")


class Lesson(models.Model):
    class Status(models.TextChoices):
        REQUESTED = "requested", _("waits for confirmation")
        SCHEDULED = "scheduled", _("scheduled")
        COMPLETED = "completed", _("completed")
        CANCELLED = "cancelled", _("cancelled")

    # No indexes of their own: those in Meta start with these columns.
    tutor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="lessons_taught",
        db_index=False,
    )
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="One of the participants, for processes of release 0.32; nothing else reads it.",
    )
    classroom = models.ForeignKey(Classroom, on_delete=models.PROTECT, related_name="lessons")
    series = models.ForeignKey(
        "lessons.LessonSeries",
        on_delete=models.PROTECT,
        related_name="lessons",
        null=True,
        blank=True,
        db_index=False,  # its unique constraint starts with it
        editable=False,
    )
    original_starts_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="By the rule of its series."
    )
    title = models.CharField(_("title"), max_length=200, blank=True)
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.SCHEDULED)
    ended_at = models.DateTimeField(
        _("ended"),
        null=True,
        blank=True,
        help_text=_("When its tutor ended it; from then on its time is free."),
    )
    is_self_booked = models.BooleanField(
        default=False,
        db_default=False,  # during an upgrade, processes of the previous release write rows
        editable=False,
        help_text="A student has booked it.",
    )
    allow_overlap = models.BooleanField(
        default=False, help_text="The tutor double-booked this one knowingly."
    )
    cancel_reason = models.CharField(_("reason"), max_length=500, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    invite_generation = models.PositiveIntegerField(
        default=0, help_text="Invite tokens of an earlier generation are not valid."
    )
    idempotency_key = models.CharField(max_length=255, null=True, blank=True, editable=False)
    idempotency_digest = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    # Both are raised by a trigger; see apps/lessons/sequence_trigger.py.
    sequence = models.PositiveIntegerField(
        default=0,
        db_default=0,  # during an upgrade, processes of the previous release write rows
        editable=False,
        help_text="How often what calendars show of it has changed.",
    )
    updated_at = models.DateTimeField(
        db_default=Now(), editable=False, help_text="When `sequence` changed last."
    )

    objects = LessonQuerySet.as_manager()

    class Meta:
        verbose_name = _("lesson")
        verbose_name_plural = _("lessons")
        ordering = ("-starts_at", "-id")
        # The overlap constraints differ by database; see apps/lessons/overlap.py.
        constraints = (
            models.CheckConstraint(
                name="lesson_lasts_5min_to_12h",
                condition=Q(ends_at__gte=ShiftedBy("starts_at", by=MIN_DURATION))
                & Q(ends_at__lte=ShiftedBy("starts_at", by=MAX_DURATION)),
            ),
            models.CheckConstraint(
                name="lesson_status_known",
                condition=Q(status__in=["requested", "scheduled", "completed", "cancelled"]),
            ),
            models.CheckConstraint(
                name="lesson_ended_only_if_completed",
                condition=Q(ended_at=None) | Q(status="completed"),
                violation_error_message=_("Only a completed lesson has ended."),
            ),
            models.CheckConstraint(
                name="lesson_occurrence_of_series",
                condition=Q(series=None, original_starts_at=None)
                | Q(series__isnull=False, original_starts_at__isnull=False),
            ),
            models.UniqueConstraint(
                name="lesson_once_per_occurrence", fields=["series", "original_starts_at"]
            ),
            models.UniqueConstraint(
                name="lesson_once_per_idempotency_key", fields=["tutor", "idempotency_key"]
            ),
        )
        indexes = (
            models.Index(name="lesson_tutor_starts", fields=["tutor", "starts_at"]),
            models.Index(name="lesson_student_starts", fields=["student", "starts_at"]),
            models.Index(
                name="lesson_scheduled_starts",
                fields=["starts_at"],
                condition=Q(status="scheduled"),
            ),
            models.Index(
                name="lesson_requested_starts",
                fields=["starts_at"],
                condition=Q(status="requested"),
            ),
        )

    def __str__(self) -> str:
        return f"{self.title or self.pk} at {self.starts_at:%Y-%m-%d %H:%M} UTC"

    def clean(self) -> None:
        """Check the overlap rule for model forms (the admin), which would turn the database's
        IntegrityError into a server error. Raises Django's ValidationError."""
        if self.is_cancelled or self.allow_overlap or not (self.starts_at and self.ends_at):
            return
        others = Lesson.objects.filter(allow_overlap=False).exclude(pk=self.pk)
        if self.occupied_until <= self.starts_at:
            return
        students = self.list_student_ids() if self.pk else [self.student_id]
        same_person = Q(tutor=self.tutor_id) | Q(participants__student__in=students)
        if others.occupying(self.starts_at, self.occupied_until).filter(same_person).exists():
            raise ValidationError(_("There is another lesson at this time."))

    @property
    def attending_students(self) -> "list[User]":
        """In order, without those who have cancelled; for lessons loaded `with_people`."""
        return [one.student for one in self.participants.all() if not one.is_cancelled]

    def list_student_ids(self) -> list[int]:
        """Of all participants, also of those who have cancelled."""
        return [participant.student_id for participant in self.participants.all()]

    def has_student(self, user_id: int) -> bool:
        return user_id in self.list_student_ids()

    def get_version(self) -> str:
        """A digest of what an edit changes (apps/common/etags.py). Who joins, leaves or attends
        meanwhile is in its way no more than a message in the chat."""
        return compute_version(self.title, self.starts_at, self.ends_at, self.status)

    @property
    def is_cancelled(self) -> bool:
        return self.status == self.Status.CANCELLED

    @property
    def is_requested(self) -> bool:
        """Whether a student asks for it: it holds its time until the tutor confirms or declines it,
        and lapses at its start."""
        return self.status == self.Status.REQUESTED

    @property
    def is_completed(self) -> bool:
        return self.status == self.Status.COMPLETED

    @property
    def occupied_until(self) -> datetime:
        """The planned end, or `ended_at` if the tutor ended the lesson earlier."""
        return min(self.ends_at, self.ended_at or self.ends_at)

    def complete(self, *, ended_at: datetime | None = None) -> bool:
        """Mark a scheduled lesson as completed; return False if it was not scheduled.

        `ended_at` is given if the tutor ended it, and frees the rest of its time.
        """
        scheduled = Lesson.objects.filter(pk=self.pk, status=Lesson.Status.SCHEDULED)
        return scheduled.update(status=Lesson.Status.COMPLETED, ended_at=ended_at) == 1

    def undo_completion(self) -> bool:
        """Make a completed lesson scheduled again; return False if it was ended or cancelled."""
        completed = Lesson.objects.filter(pk=self.pk, status=Lesson.Status.COMPLETED, ended_at=None)
        return completed.update(status=Lesson.Status.SCHEDULED) == 1
