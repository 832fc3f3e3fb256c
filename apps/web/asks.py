"""What is asked before something is taken away: a dialog where there is JavaScript, else a page."""

from typing import NamedTuple

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.classrooms.models import Classroom, Membership
from apps.lessons.models import Lesson
from apps.web.forms.lessons import CancelForm


class Ask(NamedTuple):
    name: str
    address: str
    """Its page by GET; by POST it is done."""
    back: str
    title: str
    text: str
    yes: str
    no: str
    form: forms.Form | None = None


def ask_first(request: HttpRequest, ask: Ask) -> HttpResponse:
    bad = bool(ask.form and ask.form.errors)
    return render(request, "web/ask.html", {"ask": ask}, status=400 if bad else 200)


def new_code(classroom: Classroom) -> Ask:
    return Ask(
        "rotate",
        reverse("web:classroom-code", args=[classroom.pk]),
        reverse("web:classroom", args=[classroom.pk]),
        _("Make a new code?"),
        _("The present code, link and picture stop working at once. Members stay."),
        _("Make a new code"),
        _("Keep this one"),
    )


def archive(classroom: Classroom) -> Ask:
    return Ask(
        "archive",
        reverse("web:classroom-archive", args=[classroom.pk]),
        reverse("web:classroom", args=[classroom.pk]),
        _("Archive “%(name)s”?") % {"name": classroom.name},
        _(
            "It leaves every list and its code stops working. "
            "Lessons stay, and you can take it back."
        ),
        _("Put into the archive"),
        _("Keep it"),
    )


def decline(membership: Membership) -> Ask:
    return Ask(
        "decline",
        reverse("web:decline", args=[membership.pk]),
        reverse("web:classrooms"),
        _("Decline the invitation to “%(name)s”?") % {"name": membership.classroom.name},
        _("The tutor will see that it was declined, and learns nothing else about you."),
        _("Decline"),
        _("Not now"),
    )


def leave(membership: Membership, coming: int) -> Ask:
    """`coming` is how many lessons of the classroom are still ahead."""
    sentences = [_("Your tutor is told. With the classroom’s code you can come back.")]
    if membership.status == Membership.Status.PAUSED:
        sentences = [_("Your tutor is told. Only your tutor can let you back in.")]
    if coming:
        text = ngettext(
            "%(n)s lesson ahead stays in the calendar, but you cannot enter its room any more: "
            "agree on it with your tutor.",
            "%(n)s lessons ahead stay in the calendar, but you cannot enter their rooms any more: "
            "agree on them with your tutor.",
            coming,
        )
        sentences.append(text % {"n": coming})
    return Ask(
        "leave",
        reverse("web:leave", args=[membership.pk]),
        reverse("web:classrooms"),
        _("Leave “%(name)s”?") % {"name": membership.classroom.name},
        " ".join(sentences),
        _("Leave the classroom"),
        _("Stay"),
    )


def cancel(lesson: Lesson, form: CancelForm | None = None) -> Ask:
    return Ask(
        "cancel",
        reverse("web:lesson-cancel", args=[lesson.pk]),
        reverse("web:lesson", args=[lesson.pk]),
        _("Cancel this lesson?"),
        _("It leaves both calendars. This cannot be undone."),
        _("Yes, cancel it"),
        _("Keep the lesson"),
        form or CancelForm(),
    )


def revoke(lesson: Lesson) -> Ask:
    return Ask(
        "revoke",
        reverse("web:lesson-revoke", args=[lesson.pk]),
        reverse("web:lesson", args=[lesson.pk]),
        _("Revoke all links?"),
        _("Every invite link made for this lesson until now stops working at once."),
        _("Revoke all links"),
        _("Keep them"),
    )
