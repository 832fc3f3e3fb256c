"""Adds the students of a roster to a classroom, and invites them."""

from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.classrooms.invitations import invitations_left
from apps.classrooms.models import Classroom, Membership
from apps.classrooms.roster.reader import RosterRow
from apps.classrooms.services import create_classroom, invite_to_classroom
from apps.classrooms.students import add_student, join_placeholder, mail_student_link
from apps.common.errors import DomainError


@dataclass(slots=True)
class ImportResult:
    """`skipped` rows were left out by a daily limit, and `unmailed` students were added, but not
    mailed because of it."""

    classroom: Classroom
    added: int = 0
    invited: int = 0
    skipped: int = 0
    unmailed: int = 0
    failures: list[str] = field(default_factory=list)


def import_students(*, classroom: Classroom, rows: list[RosterRow]) -> ImportResult:
    """Add each row with a name as a student who can be scheduled at once, and invite the others by
    their address. `classroom` may be a new one, which is saved; raises the errors of
    `create_classroom`.

    Each row has its own transaction: a single one would block SQLite's other writers.
    """
    if classroom.pk is None:
        classroom = create_classroom(tutor=classroom.tutor, name=classroom.name)
    result = ImportResult(classroom)
    accounts = _accounts_of(classroom.tutor, [row.email for row in rows])
    for row in rows:
        try:
            if row.first_name and row.email not in accounts:
                _add(classroom, row, result)
            else:
                _invite(classroom, row, result)
        except DomainError as exc:
            if exc.code == "throttled":
                result.skipped += 1
            else:
                result.failures.append(f"{row.email or row.name}: {exc.detail}")
    return result


def _invite(classroom: Classroom, row: RosterRow, result: ImportResult) -> None:
    if not invitations_left(classroom.tutor, timezone.now()):
        result.skipped += 1
        return
    try:
        invite_to_classroom(classroom=classroom, email=row.email)
    except DomainError as exc:  # throttled: the limit of this address
        result.failures.append(f"{row.email}: {exc.detail}")
    else:
        result.invited += 1


def _add(classroom: Classroom, row: RosterRow, result: ImportResult) -> None:
    student = _find_placeholder(classroom.tutor, row)
    if student is not None and not join_placeholder(classroom=classroom, student=student):
        _invite(classroom, row, result)
        return
    if student is None:
        student = add_student(
            classroom=classroom,
            first_name=row.first_name,
            last_name=row.last_name,
            email=row.email,
            contacts=row.contacts,
        )
    result.added += 1
    if row.email and settings.EMAIL_URL:
        try:
            mail_student_link(tutor=classroom.tutor, student=student)
        except DomainError:
            result.unmailed += 1


def _find_placeholder(tutor: User, row: RosterRow) -> User | None:
    """The same student, if the tutor has added them to another classroom already."""
    same = {"first_name": row.first_name, "last_name": row.last_name, "contact_email": row.email}
    return User.objects.filter(placeholder_of=tutor, **same).exclude(contact_email="").first()


def _accounts_of(tutor: User, emails: list[str]) -> set[str]:
    """Which addresses are accounts that the tutor knows, because they accepted before."""
    known = Membership.objects.taught_by(tutor).exclude(joined_at=None)
    found = known.filter(student__email__in=emails).values_list("student__email", flat=True)
    return {str(email) for email in found}


def mark_members(classroom: Classroom, rows: list[RosterRow]) -> None:
    """Mark rows of members of the classroom; does not disclose who has an account."""
    by_email, by_name = _statuses(classroom) if classroom.pk else ({}, {})
    for row in rows:
        if row.error:
            continue
        names = (row.first_name, row.last_name)
        state = by_email.get(row.email) if row.email else by_name.get(names)
        if state in (Membership.Status.DECLINED, Membership.Status.LEFT):
            row.error = _(
                "This student declined or left. Invite them again from the classroom’s page."
            )
        elif state:
            label = Membership.Status(state).label
            row.error = _("Already in this classroom: %(state)s.") % {"state": label}


def _statuses(classroom: Classroom) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """Statuses by address, and by name of students whom the tutor added without an address."""
    memberships = Membership.objects.filter(classroom=classroom).exclude(
        status=Membership.Status.REMOVED
    )
    by_email = {
        str(email or contact or invited): status
        for email, contact, invited, status in memberships.values_list(
            "student__email", "student__contact_email", "invited_email", "status"
        )
    }
    nameless = Q(student__contact_email="") & Q(student__email=None)
    by_name = {
        (str(first), str(last)): status
        for first, last, status in memberships.filter(nameless)
        .exclude(student=None)
        .values_list("student__first_name", "student__last_name", "status")
    }
    return by_email, by_name
