from django.urls import reverse
from django.utils.translation import gettext as _

from apps.lessons.models import Lesson
from apps.web.lessons.forms import CancelForm
from apps.web.shared.confirmations import Confirmation


def confirm_cancellation(lesson: Lesson, form: CancelForm | None = None) -> Confirmation:
    return Confirmation(
        "cancel",
        reverse("web:lesson-cancel", args=[lesson.pk]),
        reverse("web:lesson", args=[lesson.pk]),
        _("Cancel this lesson?"),
        _("It leaves both calendars. This cannot be undone."),
        _("Yes, cancel it"),
        _("Keep the lesson"),
        form or CancelForm(),
    )


def confirm_revoking_invites(lesson: Lesson) -> Confirmation:
    return Confirmation(
        "revoke",
        reverse("web:lesson-revoke", args=[lesson.pk]),
        reverse("web:lesson", args=[lesson.pk]),
        _("Revoke all links?"),
        _("Every invite link made for this lesson until now stops working at once."),
        _("Revoke all links"),
        _("Keep them"),
    )
