"""Inserts lessons with their participants and rooms, one or many in a few queries."""

from collections.abc import Collection, Iterable, Sequence

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.classroom.models import ClassroomSession
from apps.common.db import is_violation_of, placeholders, select_rows
from apps.common.errors import invalid
from apps.common.parsing import MAX_ID
from apps.lessons import overlap, participant_triggers
from apps.lessons.conflicts import check_conflicts
from apps.lessons.errors import lesson_conflict, not_a_member
from apps.lessons.limits import check_limits
from apps.lessons.models import MAX_STUDENTS, Lesson, Participant

# The same memberships as `active()` and `taught_by()` select.
_MEMBERSHIPS = """
SELECT membership.classroom_id, membership.student_id
FROM classrooms_membership AS membership
JOIN classrooms_classroom AS classroom ON classroom.id = membership.classroom_id
WHERE classroom.tutor_id = %s AND classroom.archived_at IS NULL
    AND membership.role = 'student' AND membership.status = 'active'
    AND membership.student_id IN ({students})
ORDER BY membership.joined_at, membership.id
"""


def lock_people(ids: Iterable[int]) -> dict[int, User]:
    """Serialise writes per user, so that no lesson appears between the check and the insert.

    Rows are locked in the order of their ids, so that two requests cannot deadlock. SQLite needs no
    row locks: its IMMEDIATE transactions are already serialised.
    """
    known = {min(pk, MAX_ID) for pk in ids}
    people = User.objects.select_for_update(no_key=True).filter(pk__in=known)
    return {person.pk: person for person in people.order_by("pk")}


def is_taught_by(tutor_id: int, student_id: int) -> bool:
    """Whether the student is active in one of the tutor's classrooms."""
    return bool(select_rows(_MEMBERSHIPS.format(students="%s"), tutor_id, student_id))


def find_classroom(tutor: User, student_ids: Sequence[int], classroom_id: int | None) -> int:
    """The classroom of a lesson with these students, who must each be active in one of the tutor's.

    It is the one asked for, which all of them have to share; else the one that was joined first
    among those that all share; else the one that the first student joined first. Raises
    `not_a_member`.
    """
    query = _MEMBERSHIPS.format(students=placeholders(student_ids))
    rows: dict[tuple[int, int], None] = dict.fromkeys(
        (classroom, student) for classroom, student in select_rows(query, tutor.pk, *student_ids)
    )
    if {student for _classroom, student in rows} != set(student_ids):
        raise not_a_member()
    candidates = dict.fromkeys(classroom for classroom, _student in rows)
    shared = [one for one in candidates if all((one, pk) in rows for pk in student_ids)]
    if classroom_id is not None:
        if classroom_id not in shared:
            raise not_a_member()
        return classroom_id
    if shared:
        return shared[0]
    return next(classroom for classroom, student in rows if student == student_ids[0])


def in_order(students: Iterable[User]) -> list[User]:
    """By last name, first name and id."""
    return sorted(students, key=lambda student: (bytes(student.sort_key), student.pk))


def check_students_number(number: int) -> None:
    if not 1 <= number <= MAX_STUDENTS:
        message = _("A lesson has 1 to %(n)s students.") % {"n": MAX_STUDENTS}
        raise invalid(student_ids=message)


def insert_lessons(
    lessons: Sequence[Lesson], students: Sequence[User], *, are_free: bool = False
) -> None:
    """Insert new lessons of one tutor with the same students, each with its room.

    `are_free` leaves out the check for conflicts, which the caller has made.

    The people must be locked, and each lesson's `student` be one of `students`. Raises
    `lesson_conflict`, `validation_error` over a limit, or an IntegrityError for
    `to_domain_error`.
    """
    tutor, student_ids = lessons[0].tutor, [student.pk for student in students]
    spans = [(one.starts_at, one.ends_at) for one in lessons if not one.allow_overlap]
    if spans and not are_free:
        check_conflicts(tutor, student_ids, spans)
    check_limits(tutor.pk, students, lessons, timezone.now())
    Lesson.objects.bulk_create(lessons)
    # A trigger has made each lesson's `student` a participant.
    others = [(one.pk, pk) for one in lessons for pk in student_ids if pk != one.student_id]
    if others:
        Participant.objects.bulk_create(
            [Participant(lesson_id=lesson_id, student_id=pk) for lesson_id, pk in others]
        )
    ClassroomSession.objects.bulk_create([ClassroomSession(lesson=one) for one in lessons])


def to_domain_error(exc: IntegrityError) -> Exception:
    """The domain error that a constraint on overlaps or on the number of students stands for."""
    names: Collection[str] = (overlap.CONSTRAINT_NAMES["tutor"], participant_triggers.OVERLAP)
    if any(is_violation_of(exc, name) for name in names):
        return lesson_conflict(_("There is another lesson at this time."))
    if is_violation_of(exc, participant_triggers.TOO_MANY):
        return invalid(student_id=_("A lesson has 1 to %(n)s students.") % {"n": MAX_STUDENTS})
    return exc
