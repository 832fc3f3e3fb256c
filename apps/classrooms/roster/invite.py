"""Adds the students of a roster to a classroom, and invites them."""

from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.classrooms.invitations import invitations_left, lock_address_limits
from apps.classrooms.models import Classroom, Membership
from apps.classrooms.roster.reader import RosterRow
from apps.classrooms.services import create_classroom, invite_to_classroom
from apps.classrooms.students import add_student, join_placeholder, mail_student_link
from apps.common.errors import DomainError

BATCH = 20  # rows per transaction


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

    Rows are stored in batches: a transaction for each would wait for the disk a thousand times, and
    a single one would block SQLite's other writers.
    """
    if classroom.pk is None:
        classroom = create_classroom(tutor=classroom.tutor, name=classroom.name)
    result = ImportResult(classroom)
    accounts = _accounts_of(classroom.tutor, [row.email for row in rows])
    for start in range(0, len(rows), BATCH):
        with transaction.atomic():
            _import_batch(rows[start : start + BATCH], accounts, result)
    return result


def _import_batch(rows: list[RosterRow], accounts: set[str], result: ImportResult) -> None:
    """Each row is undone by itself if it is refused."""
    tutor, emails = result.classroom.tutor, [row.email for row in rows if row.email]
    placeholders = _lock_placeholders(tutor, emails)
    lock_address_limits(emails, timezone.now())
    for row in rows:
        try:
            if row.first_name and row.email not in accounts:
                earlier = placeholders.get((row.first_name, row.last_name, row.email))
                _add(row, earlier, result)
            else:
                _invite(row, result)
        except DomainError as exc:
            if exc.code == "throttled":
                result.skipped += 1
            else:
                result.failures.append(f"{row.email or row.name}: {exc.detail}")


def _lock_placeholders(tutor: User, emails: list[str]) -> dict[tuple[str, str, str], User]:
    """Lock the tutor, then the students whom they have added with these addresses, by name and
    address. Lock order everywhere: people, memberships, limits."""
    added = Q(placeholder_of=tutor, contact_email__in=emails)
    people = User.objects.select_for_update(no_key=True).filter(Q(pk=tutor.pk) | added)
    return {
        (person.first_name, person.last_name, person.contact_email): person
        for person in people.order_by("pk")
        if person.pk != tutor.pk
    }


def _invite(row: RosterRow, result: ImportResult) -> None:
    if not invitations_left(result.classroom.tutor, timezone.now()):
        result.skipped += 1
        return
    try:
        invite_to_classroom(classroom=result.classroom, email=row.email)
    except DomainError as exc:  # throttled: the limit of this address
        result.failures.append(f"{row.email}: {exc.detail}")
    else:
        result.invited += 1


def _add(row: RosterRow, earlier: User | None, result: ImportResult) -> None:
    """Add the student, or the same one whom the tutor has added to another classroom already."""
    classroom = result.classroom
    if earlier is not None:
        join_placeholder(classroom=classroom, student=earlier)
    student = earlier or add_student(
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


def _accounts_of(tutor: User, emails: list[str]) -> set[str]:
    """Which addresses are accounts of the tutor's present students. A former student's address is
    not compared: the import would tell what it is now."""
    members = Membership.objects.taught_by(tutor).filter(student__email__in=emails)
    present = members.filter(status__in=(Membership.Status.ACTIVE, Membership.Status.PAUSED))
    return {str(email) for email in present.values_list("student__email", flat=True)}


def mark_members(classroom: Classroom, rows: list[RosterRow]) -> None:
    """Mark rows of members of the classroom, and of former ones by their names, which the tutor
    knows; does not disclose who has an account."""
    by_email, by_name, former_names = _statuses(classroom)
    for row in rows:
        if row.error:
            continue
        names = (row.first_name, row.last_name)
        state = by_email.get(row.email) if row.email else by_name.get(names)
        has_ended = state in (Membership.Status.DECLINED, Membership.Status.LEFT)
        if has_ended or (not state and names in former_names):
            row.error = _(
                "This student declined or left. Invite them again from the classroom’s page."
            )
        elif state:
            label = Membership.Status(state).label
            row.error = _("Already in this classroom: %(state)s.") % {"state": label}


_Names = tuple[str, str]


def _statuses(classroom: Classroom) -> tuple[dict[str, str], dict[_Names, str], set[_Names]]:
    """Statuses by address, and by name of students whom the tutor added without an address, and
    the names of those who have left."""
    by_email: dict[str, str] = {}
    by_name: dict[_Names, str] = {}
    former_names: set[_Names] = set()
    if classroom.pk is None:
        return by_email, by_name, former_names
    memberships = Membership.objects.filter(classroom=classroom).select_related("student")
    for membership in memberships.exclude(status=Membership.Status.REMOVED):
        student = membership.student
        email = student.email or student.contact_email if student else membership.invited_email
        if student and membership.is_former:
            former_names.add((student.first_name, student.last_name))
        elif student and not email:
            by_name[student.first_name, student.last_name] = membership.status
        else:
            by_email[email] = membership.status
    return by_email, by_name, former_names
