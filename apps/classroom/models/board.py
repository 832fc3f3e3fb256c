"""Boards in the database: a log of Yjs updates, regularly compacted into a snapshot."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.classroom.models.session import ClassroomSession


class BoardUpdate(models.Model):
    """Consecutive Yjs updates as a MessagePack list. Rows are only added, until compacted."""

    session = models.ForeignKey(ClassroomSession, on_delete=models.CASCADE, related_name="updates")
    data = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("board update")
        verbose_name_plural = _("board updates")
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.session_id}: {len(self.data)} bytes"


class BoardSnapshot(models.Model):
    """All updates compacted so far. `version` decides between processes that compact at once."""

    session = models.OneToOneField(
        ClassroomSession, on_delete=models.CASCADE, related_name="snapshot", primary_key=True
    )
    state = models.BinaryField()
    version = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("board snapshot")
        verbose_name_plural = _("board snapshots")

    def __str__(self) -> str:
        return f"{self.session_id}: version {self.version}"


class BoardAuthor(models.Model):
    """The person to whom a Yjs client id belongs: the first who sent it; never changed."""

    session = models.ForeignKey(ClassroomSession, on_delete=models.CASCADE, related_name="authors")
    client = models.BigIntegerField()
    person = models.CharField(max_length=40)

    class Meta:
        verbose_name = _("author on a board")
        verbose_name_plural = _("authors on boards")
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("session", "client"), name="board_author_once_per_client"
            ),
        )

    def __str__(self) -> str:
        return f"{self.session_id}: {self.client} is {self.person}"


class BoardQuarantine(models.Model):
    """A stored row that was unreadable, or partly left out, when its board was compacted."""

    session = models.ForeignKey(
        ClassroomSession, on_delete=models.CASCADE, related_name="quarantine"
    )
    data = models.BinaryField()
    reason = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("part of a board in quarantine")
        verbose_name_plural = _("parts of boards in quarantine")
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.session_id}: {self.reason}, {len(self.data)} bytes"


class BoardVersion(models.Model):
    """The whole board at one moment, in `packed`; only rows of older releases use `state`."""

    session = models.ForeignKey(ClassroomSession, on_delete=models.CASCADE, related_name="versions")
    state = models.BinaryField()
    packed = models.BinaryField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("board version")
        verbose_name_plural = _("board versions")
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.session_id} at {self.created_at:%Y-%m-%d %H:%M} UTC"
