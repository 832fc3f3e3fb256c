"""Chat messages of a room."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.classroom.models.session import ClassroomSession


class ChatMessage(models.Model):
    session = models.ForeignKey(ClassroomSession, on_delete=models.CASCADE, related_name="chat")
    uuid = models.UUIDField(help_text="Made by the sender's client, so that a resend is no second.")
    person = models.CharField(max_length=40)
    name = models.CharField(max_length=201)
    role = models.CharField(max_length=10)
    text = models.TextField(_("text"), max_length=4000)
    sent_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("chat message")
        verbose_name_plural = _("chat messages")
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(name="chat_message_once", fields=["session", "uuid"]),
        )

    def __str__(self) -> str:
        return f"{self.name}: {self.text[:40]}"
