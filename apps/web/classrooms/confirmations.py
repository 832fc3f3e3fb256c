from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.classrooms.models import Classroom, Membership
from apps.web.shared.confirmations import Confirmation


def confirm_new_code(classroom: Classroom) -> Confirmation:
    return Confirmation(
        "rotate",
        reverse("web:classroom-code", args=[classroom.pk]),
        reverse("web:classroom", args=[classroom.pk]),
        _("Make a new code?"),
        _("The present code, link and picture stop working at once. Members stay."),
        _("Make a new code"),
        _("Keep this one"),
    )


def confirm_archiving(classroom: Classroom) -> Confirmation:
    return Confirmation(
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


def confirm_declining(membership: Membership) -> Confirmation:
    return Confirmation(
        "decline",
        reverse("web:decline", args=[membership.pk]),
        reverse("web:classrooms"),
        _("Decline the invitation to “%(name)s”?") % {"name": membership.classroom.name},
        _("The tutor will see that it was declined, and learns nothing else about you."),
        _("Decline"),
        _("Not now"),
    )


def confirm_leaving(membership: Membership, upcoming: int) -> Confirmation:
    """`upcoming` is the number of the classroom's lessons that have not ended yet."""
    sentences = [_("Your tutor is told. With the classroom’s code you can come back.")]
    if membership.status == Membership.Status.PAUSED:
        sentences = [_("Your tutor is told. Only your tutor can let you back in.")]
    if upcoming:
        text = ngettext(
            "%(n)s lesson ahead stays in the calendar, but you cannot enter its room any more: "
            "agree on it with your tutor.",
            "%(n)s lessons ahead stay in the calendar, but you cannot enter their rooms any more: "
            "agree on them with your tutor.",
            upcoming,
        )
        sentences.append(text % {"n": upcoming})
    return Confirmation(
        "leave",
        reverse("web:leave", args=[membership.pk]),
        reverse("web:classrooms"),
        _("Leave “%(name)s”?") % {"name": membership.classroom.name},
        " ".join(sentences),
        _("Leave the classroom"),
        _("Stay"),
    )
