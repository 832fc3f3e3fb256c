"""The CSV file of all entries of a month of a tutor's students."""

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime

from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.billing.accounts import month_bounds
from apps.billing.charges import charge_due
from apps.billing.models import Account, AccountEntry
from apps.billing.packs import expire_packs
from apps.common.spreadsheets import escape_formula
from apps.lessons.models import Lesson


def accounts_csv(tutor: User, month: date, now: datetime) -> Iterator[str]:
    """Yield the entries by their time, in the tutor's time zone and language. Texts that a
    spreadsheet would execute are escaped; amounts are numbers."""
    accounts = list(Account.objects.filter(tutor=tutor).select_related("tutor"))
    charge_due(accounts, now)
    for account in accounts:
        expire_packs(account, now)
    yield "\ufeff" + _csv_line(_headings())
    start, end = month_bounds(tutor, month)
    entries = AccountEntry.objects.filter(
        account__tutor=tutor, created_at__gte=start, created_at__lt=end
    ).select_related("account__student", "account__merged_into__student", "lesson")
    for entry in entries.order_by("created_at", "pk").iterator(chunk_size=500):
        account = entry.account.merged_into or entry.account
        student = account.student.get_full_name() if account.student else ""
        cells = [student, _lesson(tutor, entry.lesson), entry.get_kind_display(), entry.note]
        name, lesson, kind, note = map(escape_formula, cells)
        created_at = f"{tutor.to_local_time(entry.created_at):%Y-%m-%d %H:%M}"
        amount = f"{entry.amount:.2f}"
        yield _csv_line([created_at, name, lesson, kind, entry.unit, amount, note])


def _headings() -> list[str]:
    return [_("Date"), _("Student"), _("Lesson"), _("Entry"), _("Unit"), _("Amount"), _("Note")]


def _lesson(tutor: User, lesson: Lesson | None) -> str:
    if lesson is None:
        return ""
    return f"{tutor.to_local_time(lesson.starts_at):%Y-%m-%d %H:%M} {lesson.title}".strip()


def _csv_line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
