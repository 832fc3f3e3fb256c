"""Another time that a student asks for."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class MoveRequest(models.Model):
    """The requested lesson holds the new time like any other request; confirming it moves the
    lesson there and ends the requested one. The row is deleted with the answer."""

    request = models.OneToOneField(
        "lessons.Lesson", on_delete=models.CASCADE, primary_key=True, related_name="move_request"
    )
    lesson = models.OneToOneField(
        "lessons.Lesson", on_delete=models.CASCADE, related_name="requested_move"
    )

    class Meta:
        verbose_name = _("request for another time")
        verbose_name_plural = _("requests for another time")

    def __str__(self) -> str:
        return f"lesson {self.lesson_id} to {self.request_id}"
