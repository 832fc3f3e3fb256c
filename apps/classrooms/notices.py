"""Mails about classrooms."""

import re

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.placeholders import make_student_link
from apps.classrooms.invitations import make_invitation_link
from apps.classrooms.models import Classroom, Membership
from apps.common.mail import Kind, send, send_decoy

MAX_SHOWN = 60  # characters of a name, in a mail that may go to a stranger


def send_invitation(membership: Membership, email: str, *, is_blocked: bool) -> None:
    """Mail the invitation, in the tutor's language: the address is not matched to an account."""
    tutor = membership.classroom.tutor
    link = make_invitation_link(membership, timezone.now())
    with translation.override(tutor.locale):
        values = {
            "tutor": _sanitize_name(tutor.get_full_name()),
            "classroom": _sanitize_name(membership.classroom.name),
            "url": link.url,
        }
        lines = [
            _("Tutor %(tutor)s invites you to the classroom “%(classroom)s” on Kreida.") % values,
            _("To accept or decline, open: %(url)s") % values,
            _("If you don’t know this person, you can ignore this e-mail."),
        ]
        text = "\n\n".join(lines)
        subject = _("An invitation to a classroom")
        _send_unless_blocked(to=email, subject=subject, text=text, is_blocked=is_blocked)


def send_student_link(student: User, *, is_blocked: bool) -> None:
    """Mail the link to the address that the tutor typed, in the tutor's language."""
    tutor = student.placeholder_of
    if tutor is None:
        return
    link = make_student_link(student, timezone.now())
    with translation.override(tutor.locale):
        values = {"tutor": _sanitize_name(tutor.get_full_name()), "url": link.url}
        lines = [
            _("Tutor %(tutor)s invites you to lessons on Kreida.") % values,
            _("To sign up, or to accept with the account you have, open: %(url)s") % values,
            _("If you don’t know this person, you can ignore this e-mail."),
        ]
        text = "\n\n".join(lines)
        subject = _("An invitation to lessons")
        email = student.contact_email
        _send_unless_blocked(to=email, subject=subject, text=text, is_blocked=is_blocked)


def _send_unless_blocked(*, to: str, subject: str, text: str, is_blocked: bool) -> None:
    """A tutor who is blocked must not learn it by the time of the response."""
    if is_blocked:
        send_decoy(to=to, subject=subject, text=text)
    else:
        send(to=to, subject=subject, text=text, kind=Kind.INVITATION)


def send_departure_notice(membership: Membership) -> None:
    tutor, student = membership.classroom.tutor, membership.student
    if student is None:
        return
    with translation.override(tutor.locale):
        names = _names(student, membership.classroom)
        lines = [
            _("%(student)s has left the classroom “%(classroom)s”.") % names,
            _("Lessons already scheduled stay in your calendar until you cancel them."),
            f"{settings.PUBLIC_URL}/classrooms/{membership.classroom_id}/",
        ]
        subject, text = _("A student has left a classroom"), "\n\n".join(lines)
        send(to=tutor.email, subject=subject, text=text, kind=Kind.CLASSROOM)


def send_joining_notice(membership: Membership) -> None:
    """Tell the tutor that somebody who was not invited has joined by the code."""
    tutor, student = membership.classroom.tutor, membership.student
    if student is None:
        return
    with translation.override(tutor.locale):
        names = _names(student, membership.classroom)
        lines = [_("%(student)s has joined the classroom “%(classroom)s” with its code.") % names]
        if _has_excluded_namesake(membership):
            lines.append(_("A student whom you have paused or removed there has the same name."))
        lines += [
            _("If you don’t know this person, remove them and create a new code or close it."),
            f"{settings.PUBLIC_URL}/classrooms/{membership.classroom_id}/",
        ]
        subject, text = _("A student has joined a classroom"), "\n\n".join(lines)
        send(to=tutor.email, subject=subject, text=text, kind=Kind.CLASSROOM)


def _names(student: User, classroom: Classroom) -> dict[str, str]:
    return {
        "student": _sanitize_name(student.get_full_name()),
        "classroom": _sanitize_name(classroom.name),
    }


def _has_excluded_namesake(membership: Membership) -> bool:
    excluded = (Membership.Status.PAUSED, Membership.Status.REMOVED)
    others = Membership.objects.filter(classroom=membership.classroom_id, status__in=excluded)
    student = membership.student
    return student is not None and others.filter(student__sort_key=student.sort_key).exists()


def _sanitize_name(name: str) -> str:
    """Shorten the name to one line, without text that a mail program turns into a link."""
    text = re.sub(r"\.(?=\w)", ". ", re.sub(r"[/:\\\\@<>]+", " ", name))
    text = " ".join(text.split())
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"
