"""The read path of “my students”."""

from typing import Any

from django.db.models import Count, Exists, OuterRef, Window

from apps.accounts.models import User
from apps.classrooms.models import Membership
from apps.common.pagination import Page
from apps.common.text import words_in

Row = dict[str, Any]


def my_students(tutor: User, words: str, page: Page) -> tuple[int, list[Row]]:
    """How many students match in all, and this page of them, each with the classrooms shared.

    Two queries; a third only when the page lies beyond the end and the count must be asked for.
    """
    shared = Membership.objects.active().taught_by(tutor)
    people = User.objects.filter(
        Exists(shared.filter(student=OuterRef("pk"))), words_in(words, "search_text")
    ).order_by("last_name", "first_name", "id")
    found = list(
        people.annotate(total=Window(Count("id"))).values_list(
            "id", "first_name", "last_name", "email", "total"
        )[page.offset : page.stop]
    )
    total = found[0][4] if found else people.count() if page.offset else 0
    rows: dict[int, Row] = {
        pk: {"id": pk, "first_name": first, "last_name": last, "email": email, "classrooms": []}
        for pk, first, last, email, _total in found
    }
    if rows:
        classrooms = (
            shared.filter(student__in=rows)
            .order_by("classroom__name", "classroom_id")
            .values_list("student_id", "classroom_id", "classroom__name")
        )
        for student_id, classroom_id, name in classrooms:
            rows[student_id]["classrooms"].append({"id": classroom_id, "name": name})
    return total, list(rows.values())


def members(classroom_id: int, words: str, status: str | None, page: Page) -> tuple[int, list[Row]]:
    """The classroom's memberships, removed ones too, by name; invited e-mails come last."""
    found = Membership.objects.filter(classroom=classroom_id).matching(words)
    if status:
        found = found.filter(status=status)
    ordered = found.select_related("student").order_by(
        "student__last_name", "student__first_name", "id"
    )
    return found.count(), [membership_json(m) for m in ordered[page.offset : page.stop]]


def membership_json(membership: Membership) -> Row:
    student = membership.student
    return {
        "id": membership.pk,
        "classroom_id": membership.classroom_id,
        "student": {
            "id": student.pk if student else None,
            "first_name": student.first_name if student else "",
            "last_name": student.last_name if student else "",
            "email": student.email if student else membership.invited_email,
        },
        "role": membership.role,
        "status": membership.status,
        "joined_at": membership.joined_at,
    }
