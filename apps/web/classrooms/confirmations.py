from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.classrooms.models import Classroom, Membership
from apps.web.classrooms.forms import BlockForm
from apps.web.shared.confirmations import Confirmation


def confirm_new_code(classroom: Classroom) -> Confirmation:
    return Confirmation(
        "rotate",
        reverse("web:classroom-code", args=[classroom.pk]),
        reverse("web:classroom", args=[classroom.pk]),
        _("Create a new code?"),
        _("The current code, link and QR code stop working at once. Members stay."),
        _("Create new code"),
        _("Keep current code"),
    )


def confirm_archiving(classroom: Classroom) -> Confirmation:
    return Confirmation(
        "archive",
        reverse("web:classroom-archive", args=[classroom.pk]),
        reverse("web:classroom", args=[classroom.pk]),
        _("Archive “%(name)s”?") % {"name": classroom.name},
        _(
            "The classroom leaves your lists and its code stops working. "
            "Lessons stay, and you can restore it."
        ),
        _("Archive"),
        _("Keep classroom"),
    )


def confirm_declining(membership: Membership) -> Confirmation:
    return Confirmation(
        "decline",
        reverse("web:decline", args=[membership.pk]),
        reverse("web:classrooms"),
        _("Decline the invitation to “%(name)s”?") % {"name": membership.classroom.name},
        _("The tutor will see that you declined, and nothing else about you."),
        _("Decline"),
        _("Not now"),
        BlockForm(),
    )


def confirm_leaving(membership: Membership, upcoming: int) -> Confirmation:
    """`upcoming` is the number of the classroom's lessons that have not ended yet."""
    sentences = [_("Your tutor will be told. You can come back with the classroom’s code.")]
    if membership.status == Membership.Status.PAUSED:
        sentences = [_("Your tutor will be told. Only your tutor can let you back in.")]
    if upcoming:
        text = ngettext(
            "%(n)s upcoming lesson stays in the calendar, but you will not be able to enter its "
            "room. Talk to your tutor about it.",
            "%(n)s upcoming lessons stay in the calendar, but you will not be able to enter their "
            "rooms. Talk to your tutor about them.",
            upcoming,
        )
        sentences.append(text % {"n": upcoming})
    return Confirmation(
        "leave",
        reverse("web:leave", args=[membership.pk]),
        reverse("web:classrooms"),
        _("Leave “%(name)s”?") % {"name": membership.classroom.name},
        " ".join(sentences),
        _("Leave classroom"),
        _("Stay in classroom"),
    )
