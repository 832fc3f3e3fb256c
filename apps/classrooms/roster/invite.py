"""Invites the students of a roster to a classroom."""

from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.classrooms.invitations import invitations_left
from apps.classrooms.models import Classroom, Membership
from apps.classrooms.roster.reader import RosterRow
from apps.classrooms.services import invite_to_classroom
from apps.common.errors import DomainError


@dataclass(slots=True)
class InviteResult:
    """`skipped` is the number of addresses that the tutor's daily limit left over."""

    invited: int = 0
    skipped: int = 0
    failures: list[str] = field(default_factory=list)


def invite_students(*, classroom: Classroom, emails: list[str]) -> InviteResult:
    """Invite each address; `classroom` may be a new one, which is saved.

    Each invitation has its own transaction: a single one would block SQLite's other writers.
    """
    if classroom.pk is None:
        classroom.save()
    result = InviteResult()
    for number, email in enumerate(emails):
        try:
            invite_to_classroom(classroom=classroom, email=email)
        except DomainError as exc:
            if not invitations_left(classroom.tutor, timezone.now()):
                result.skipped = len(emails) - number
                break
            result.failures.append(f"{email}: {exc.detail}")
        else:
            result.invited += 1
    return result


def mark_members(classroom: Classroom, rows: list[RosterRow]) -> None:
    """Mark rows of members of the classroom; does not disclose who has an account."""
    statuses = _statuses_by_email(classroom) if classroom.pk else {}
    for row in rows:
        if row.error:
            continue
        state = statuses.get(row.email)
        if state in (Membership.Status.DECLINED, Membership.Status.LEFT):
            row.error = _(
                "This student declined or left. Invite them again from the classroom’s page."
            )
        elif state:
            label = Membership.Status(state).label
            row.error = _("Already in this classroom: %(state)s.") % {"state": label}


def _statuses_by_email(classroom: Classroom) -> dict[str, str]:
    memberships = Membership.objects.filter(classroom=classroom).exclude(
        status=Membership.Status.REMOVED
    )
    return {
        str(email or invited): status
        for email, invited, status in memberships.values_list(
            "student__email", "invited_email", "status"
        )
    }
