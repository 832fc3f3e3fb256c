"""Bans and admissions of one room. `person` is `u<user id>` or `g<uuid>`."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.classroom.models.session import ClassroomSession


class RoomBan(models.Model):
    """A person removed by the tutor, who gets neither tickets nor sockets for this room."""

    session = models.ForeignKey(ClassroomSession, on_delete=models.CASCADE, related_name="bans")
    person = models.CharField(max_length=40)
    name = models.CharField(max_length=201, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("removed person")
        verbose_name_plural = _("removed people")
        constraints = (models.UniqueConstraint(name="room_ban_once", fields=["session", "person"]),)

    def __str__(self) -> str:
        return f"{self.name or self.person} out of {self.session_id}"


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

    class Meta:
        verbose_name = _("admitted guest")
        verbose_name_plural = _("admitted guests")
        constraints = (
            models.UniqueConstraint(name="room_admission_once", fields=["session", "person"]),
        )

    def __str__(self) -> str:
        return f"{self.person} into {self.session_id}"
