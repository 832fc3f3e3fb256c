"""Lists the last charge of each student for a lesson."""

from typing import NamedTuple

from apps.billing.models import AccountEntry
from apps.lessons.models import Lesson


class LessonCharge(NamedTuple):
    charge: AccountEntry
    reversal: AccountEntry | None


def list_lesson_charges(lesson: Lesson) -> dict[int, LessonCharge]:
    """The last charge of each student; one query."""
    charges = AccountEntry.objects.filter(lesson=lesson, charge_number__isnull=False)
    found = charges.select_related("account__merged_into", "reversal").order_by("pk")
    last: dict[int, LessonCharge] = {}
    for charge in found:
        account = charge.account.merged_into or charge.account
        if account.student_id is not None:
            last[account.student_id] = LessonCharge(charge, getattr(charge, "reversal", None))
    return last
