"""Pictures placed on a board."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.classroom.models.session import ClassroomSession

FOLDER = "board"


def path_of(instance: "BoardFile", _filename: str) -> str:
    """Return the stored path; the uploaded name is untrusted and not used."""
    return f"{FOLDER}/{instance.session.uuid}/{instance.uuid}"


class BoardFile(models.Model):
    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    session = models.ForeignKey(ClassroomSession, on_delete=models.CASCADE, related_name="files")
    file = models.FileField(upload_to=path_of, max_length=200)
    mime_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    person = models.CharField(max_length=40, help_text="Who placed it.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("board file")
        verbose_name_plural = _("board files")
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.uuid} ({self.mime_type})"
