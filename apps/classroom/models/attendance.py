"""Attendance: one row per connection to the room, merged into intervals when read.

Each process writes the rows of its own connections and needs no coordination. A process that dies
leaves rows open; `seen_at` shows when the connection was last known to be open.
"""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.classroom.models.session import ClassroomSession

# Each connection is marked as seen every few seconds; without that for this long, it has ended.
PRESENCE_TIMEOUT = timedelta(seconds=30)


class AttendanceQuerySet(models.QuerySet["Attendance"]):
    def present(self, now: datetime) -> "AttendanceQuerySet":
        return self.filter(left_at=None, seen_at__gt=now - PRESENCE_TIMEOUT)

    def open_or_abandoned(self, now: datetime) -> "AttendanceQuerySet":
        """Return the open rows and those that `close_abandoned` may have closed: it closes a row
        at a time that is already past, while a departure is recorded at once."""
        return self.filter(Q(left_at=None) | Q(left_at__lte=now - PRESENCE_TIMEOUT))

    def close_abandoned(self, now: datetime) -> int:
        """Close rows of processes that died, at the time they were last seen."""
        return self.filter(left_at=None, seen_at__lte=now - PRESENCE_TIMEOUT).update(
            left_at=F("seen_at")
        )


class Attendance(models.Model):
    session = models.ForeignKey(
        ClassroomSession, on_delete=models.CASCADE, related_name="attendance"
    )
    peer = models.UUIDField(unique=True)
    person = models.CharField(max_length=40)
    name = models.CharField(max_length=201)
    role = models.CharField(max_length=10)
    joined_at = models.DateTimeField(_("joined"))
    seen_at = models.DateTimeField()
    left_at = models.DateTimeField(_("left"), null=True, blank=True)

    objects = AttendanceQuerySet.as_manager()

    class Meta:
        verbose_name = _("attendance")
        verbose_name_plural = _("attendance")
        ordering = ("joined_at", "id")
        constraints = (
            models.CheckConstraint(
                name="attendance_left_after_joined",
                condition=Q(left_at=None) | Q(left_at__gte=F("joined_at")),
            ),
        )
        indexes = (
            models.Index(
                name="attendance_open", fields=["seen_at"], condition=models.Q(left_at=None)
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} from {self.joined_at:%Y-%m-%d %H:%M} UTC"
