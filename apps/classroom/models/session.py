"""The live room of one lesson, to which its board, chat and attendance belong."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class ClassroomSession(models.Model):
    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    lesson = models.OneToOneField(
        "lessons.Lesson", on_delete=models.CASCADE, related_name="session", null=True, blank=True
    )
    lobby_enabled = models.BooleanField(
        _("lobby"), default=True, help_text=_("Guests wait until the tutor admits them.")
    )
    board_locked = models.BooleanField(
        _("board locked"),
        default=False,
        db_default=False,
        help_text=_("Only the tutor can change the board."),
    )
    timer_ends_at = models.DateTimeField(null=True, blank=True)
    notes = models.TextField(_("private notes"), blank=True, help_text=_("Only the tutor reads."))
    versioned_at = models.DateTimeField(
        null=True, editable=False, help_text="When the board's history was last added to."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return str(self.uuid)
