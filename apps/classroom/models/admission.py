"""Bans and admissions of one room. `person` is `u<user id>` or `g<uuid>`."""

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.classroom.models.session import ClassroomSession
from apps.common.errors import throttled

# Of one room. All of them are loaded every second while the room is open.
MAX_ADMISSIONS = 1000  # the oldest are deleted
MAX_BANS = 1000
DAY_SECONDS = 86400


class RoomBanQuerySet(models.QuerySet["RoomBan"]):
    def check_limit(self, session_id: int) -> None:
        """Raise `throttled` if the room has more than MAX_BANS. None is ever deleted, since a
        removal holds."""
        if self.filter(session=session_id).count() > MAX_BANS:
            message = gettext("Too many people have been removed from this lesson.")
            raise throttled(DAY_SECONDS, message)


class RoomBan(models.Model):
    """A person removed by the tutor, who gets neither tickets nor sockets for this room."""

    session = models.ForeignKey(ClassroomSession, on_delete=models.CASCADE, related_name="bans")
    person = models.CharField(max_length=40)
    name = models.CharField(max_length=201, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RoomBanQuerySet.as_manager()

    class Meta:
        verbose_name = _("removed person")
        verbose_name_plural = _("removed people")
        constraints = (models.UniqueConstraint(name="room_ban_once", fields=["session", "person"]),)

    def __str__(self) -> str:
        return f"{self.name or self.person} out of {self.session_id}"


class RoomAdmissionQuerySet(models.QuerySet["RoomAdmission"]):
    def delete_oldest(self, session_id: int) -> None:
        """Delete a room's admissions beyond MAX_ADMISSIONS; those guests have to wait again."""
        rows = self.filter(session=session_id).order_by("-created_at", "-id")
        oldest = list(rows.values_list("pk", flat=True)[MAX_ADMISSIONS:])
        if oldest:
            self.filter(pk__in=oldest).delete()


class RoomAdmission(models.Model):
    """A guest who has been admitted and need not wait again on return."""

    session = models.ForeignKey(
        ClassroomSession, on_delete=models.CASCADE, related_name="admissions"
    )
    person = models.CharField(max_length=40)
    generation = models.PositiveIntegerField(
        default=0,
        db_default=0,  # while processes of the previous release still write rows
        editable=False,
        help_text="The invite generation that this place is good for; a removal raises it along.",
    )
    must_wait_again = models.BooleanField(
        default=False,
        db_default=False,  # while processes of the previous release still write rows
        editable=False,
        help_text="Somebody was removed while this guest was away: the lobby asks who they are.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = RoomAdmissionQuerySet.as_manager()

    class Meta:
        verbose_name = _("admitted guest")
        verbose_name_plural = _("admitted guests")
        constraints = (
            models.UniqueConstraint(name="room_admission_once", fields=["session", "person"]),
        )

    def __str__(self) -> str:
        return f"{self.person} into {self.session_id}"
