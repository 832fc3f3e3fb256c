"""Attendance: rows of connections to the room, merged into intervals when read.

A person who returns soon gets the row of the connection that was lost. Each process writes the rows
of its own connections and needs no coordination. A process that dies leaves rows open; `seen_at`
shows when the connection was last known to be open.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from apps.classroom.models.session import ClassroomSession

# Each connection is marked as seen every few seconds; without that for this long, it has ended.
PRESENCE_TIMEOUT = timedelta(seconds=30)
# A shorter interruption, such as a reload, does not end an attendance interval. No longer than
# PRESENCE_TIMEOUT: a row that was closed earlier may be that of a connection still open.
MAX_INTERRUPTION = PRESENCE_TIMEOUT
MAX_ROWS_PER_PERSON = 200  # in one room; the oldest are deleted


class AttendanceQuerySet(models.QuerySet["Attendance"]):
    def present(self, now: datetime) -> "AttendanceQuerySet":
        return self.filter(left_at=None, seen_at__gt=now - PRESENCE_TIMEOUT)

    def open_or_abandoned(self, now: datetime) -> "AttendanceQuerySet":
        """Return the open rows and those that `close_abandoned` may have closed: it closes a row
        at a time that is already past, while a departure is recorded at once."""
        return self.filter(Q(left_at=None) | Q(left_at__lte=now - PRESENCE_TIMEOUT))

    def reopen(self, row: "Attendance", now: datetime) -> bool:
        """Give the row's peer the row of the person's last connection if it ended just now; return
        whether there was one."""
        ended = self.filter(
            session=row.session_id,
            person=row.person,
            joined_at__lte=row.joined_at,
            left_at__gt=now - MAX_INTERRUPTION,
        )
        last = ended.order_by("-left_at").values_list("pk", "left_at").first()
        if last is None:
            return False
        pk, left_at = last
        still_ended = self.filter(pk=pk, left_at=left_at)
        return still_ended.update(peer=row.peer, seen_at=now, left_at=None) == 1

    def delete_oldest(self, session_id: int, person: str) -> None:
        """Delete a person's ended rows beyond MAX_ROWS_PER_PERSON."""
        rows = self.filter(session=session_id, person=person).order_by("-joined_at", "-id")
        oldest = list(rows.values_list("pk", flat=True)[MAX_ROWS_PER_PERSON:])
        if oldest:
            self.filter(pk__in=oldest, left_at__isnull=False).delete()

    def close_abandoned(self, now: datetime) -> int:
        """Close rows of processes that died, at the time they were last seen."""
        return self.filter(left_at=None, seen_at__lte=now - PRESENCE_TIMEOUT).update(
            left_at=_not_before_joining(F("seen_at"))
        )

    def close(self, now: datetime) -> int:
        """Close the rows at a departure."""
        return self.update(left_at=_not_before_joining(now), seen_at=now)


def _not_before_joining(moment: Any) -> Greatest:
    """The clock may have been set back since the person joined."""
    return Greatest(F("joined_at"), moment, output_field=models.DateTimeField())


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
