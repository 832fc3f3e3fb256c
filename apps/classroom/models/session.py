"""The live room of one lesson, to which its board, chat and attendance belong."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class ClassroomSession(models.Model):
    class UnlockedDrawing(models.TextChoices):
        """Which changes students and guests may make while the board is not locked as a whole."""

        FREE = "free", _("everything")
        OWN = "own", _("what they drew themselves")
        NEW = "new", _("what is drawn from now on")

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
    drawing = models.CharField(
        _("students may change"),
        max_length=10,
        choices=UnlockedDrawing.choices,
        default=UnlockedDrawing.FREE,
        db_default=UnlockedDrawing.FREE,
    )
    locked_items = models.BinaryField(
        null=True,
        help_text="With NEW: the Yjs state vector of what was on the board when it was chosen.",
    )
    locked_pages = models.JSONField(_("locked pages"), default=list, db_default=[], blank=True)
    timer_ends_at = models.DateTimeField(null=True, blank=True)
    notes = models.TextField(_("private notes"), blank=True, help_text=_("Only the tutor reads."))
    versioned_at = models.DateTimeField(
        null=True, editable=False, help_text="When the board's history was last added to."
    )
    carried_root = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        editable=False,
        help_text="The first room whose board was carried on to this one.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        ordering = ("-created_at",)
        constraints = (
            models.CheckConstraint(
                name="session_drawing_known",
                condition=models.Q(drawing__in=("free", "own", "new")),
            ),
            models.CheckConstraint(
                name="session_locked_items_with_new",
                condition=models.Q(drawing="new", locked_items__isnull=False)
                | models.Q(~models.Q(drawing="new"), locked_items__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return str(self.uuid)
