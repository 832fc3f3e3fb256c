"""A statement as CSV."""

import csv
import io

from django.utils.translation import gettext as _

from apps.billing.statements.statement import Statement
from apps.common.spreadsheets import escape_formula


def statement_csv(statement: Statement) -> str:
    """Amounts have a point and no sign of a currency, so that spreadsheets can add them up."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        [_("Date"), _("Entry"), _("Lesson"), _("Unit"), _("Amount"), _("Balance"), _("Note")]
    )
    for totals in statement.totals:
        writer.writerow(
            [f"{statement.month:%Y-%m-%d}", _("Brought forward"), "", totals.unit, "",
             f"{totals.opening:.2f}", ""]
        )  # fmt: skip
    for line in statement.lines:
        entry = line.entry
        lesson = f"{line.lesson_at:%Y-%m-%d %H:%M}" if line.lesson_at else ""
        writer.writerow(
            [f"{line.at:%Y-%m-%d}", entry.get_kind_display(), lesson, entry.unit,
             f"{entry.amount:.2f}", f"{line.balance:.2f}", escape_formula(entry.note)]
        )  # fmt: skip
    return "\ufeff" + out.getvalue()
