from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.billing.wording import LessonTerms, describe_terms
from apps.lessons.models import Lesson
from apps.web.lessons.forms import CancelForm, OwnCancelForm
from apps.web.shared.confirmations import Confirmation


def confirm_cancellation(lesson: Lesson, form: CancelForm | None = None) -> Confirmation:
    return Confirmation(
        "cancel",
        reverse("web:lesson-cancel", args=[lesson.pk]),
        reverse("web:lesson", args=[lesson.pk]),
        _("Cancel this lesson?"),
        _("It disappears from both calendars. You can undo this for a minute."),
        _("Cancel lesson"),
        _("Keep lesson"),
        form or CancelForm(lesson=lesson),
    )


def confirm_own_cancellation(
    lesson: Lesson, me: User, terms: LessonTerms, now: datetime, form: OwnCancelForm | None = None
) -> Confirmation:
    """Asks a student, with the consequence in words."""
    return Confirmation(
        "cancel",
        reverse("web:lesson-cancel", args=[lesson.pk]),
        reverse("web:lesson", args=[lesson.pk]),
        _("Cancel this lesson?"),
        describe_terms(lesson, me, terms, now),
        _("Cancel lesson"),
        _("Keep lesson"),
        form or OwnCancelForm(terms=terms),
    )


def confirm_revoking_invites(lesson: Lesson) -> Confirmation:
    return Confirmation(
        "revoke",
        reverse("web:lesson-revoke", args=[lesson.pk]),
        reverse("web:lesson", args=[lesson.pk]),
        _("Revoke all links?"),
        _("All invite links created for this lesson so far stop working at once."),
        _("Revoke all links"),
        _("Keep links"),
    )
