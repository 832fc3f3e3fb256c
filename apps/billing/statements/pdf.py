"""A statement as PDF, in the active language."""

import io
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from django.utils import formats
from django.utils.translation import gettext as _

from apps.billing.statements.formats import format_amount
from apps.billing.statements.statement import Statement

FONTS = Path(__file__).parent / "fonts"
_INK, _MUTED, _LINE = "#14211c", "#56645d", "#d9d4c6"
_MAX_NOTE = 200


@cache
def _register_fonts() -> None:
    from reportlab.pdfbase import pdfmetrics  # noqa: PLC0415 (19 MB, which most servers never need)
    from reportlab.pdfbase.ttfonts import TTFont  # noqa: PLC0415

    for style in ("Regular", "Bold"):
        pdfmetrics.registerFont(TTFont(f"Arimo-{style}", FONTS / f"Arimo-{style}.ttf"))


def statement_pdf(statement: Statement) -> bytes:
    from reportlab.lib.pagesizes import A4  # noqa: PLC0415
    from reportlab.lib.units import mm  # noqa: PLC0415
    from reportlab.platypus import SimpleDocTemplate, Spacer  # noqa: PLC0415

    _register_fonts()
    out = io.BytesIO()
    title = _title(statement)
    tutor, student = statement.account.tutor, statement.account.student
    people = [(_("Tutor"), tutor.get_full_name())]
    if student is not None:
        people.append((_("Student"), student.get_full_name()))
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=18 * mm,
        rightMargin=18 * mm,
        topMargin=18 * mm,
        bottomMargin=20 * mm,
        title=title,
        author=tutor.get_full_name(),
        invariant=True,  # without the time, so that the same statement is the same file
    )
    story = [
        _text(escape(title), 16, bold=True, after=6),
        *(_text(f"{escape(label)}: {escape(name)}", 10, after=2) for label, name in people),
        *(_text(escape(sentence), 10, color=_MUTED, after=2) for sentence in _remarks(statement)),
        Spacer(1, 5 * mm),
        _totals_table(statement, document.width),
        Spacer(1, 6 * mm),
        _lines_table(statement, document.width),
    ]
    document.build(story, onFirstPage=_draw_footer, onLaterPages=_draw_footer)
    return out.getvalue()


def _title(statement: Statement) -> str:
    return _("Statement, %(month)s") % {"month": formats.date_format(statement.month, "F Y")}


def _remarks(statement: Statement) -> list[str]:
    remarks = [_("The month is closed.")] if statement.is_closed else []
    if statement.is_cut:
        remarks.append(_("Only the first %(n)s entries are shown.") % {"n": len(statement.lines)})
    if not statement.lines:
        remarks.append(_("No entries in this month."))
    return remarks


def _text(
    markup: str, size: float, *, bold: bool = False, color: str = _INK, after: float = 0,
    align: int = 0,
) -> Any:  # fmt: skip
    from reportlab.lib.styles import ParagraphStyle  # noqa: PLC0415
    from reportlab.platypus import Paragraph  # noqa: PLC0415

    style = ParagraphStyle(
        "text",
        fontName="Arimo-Bold" if bold else "Arimo-Regular",
        fontSize=size,
        leading=size * 1.3,
        textColor=color,
        spaceAfter=after,
        alignment=align,
        splitLongWords=True,
    )
    return Paragraph(markup, style)


def _table(rows: list[list[Any]], widths: list[float]) -> Any:
    from reportlab.platypus import Table  # noqa: PLC0415

    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, 0), 1, _INK),
        ("LINEBELOW", (0, 1), (-1, -1), 0.4, _LINE),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        ("TOPPADDING", (0, 0), (-1, -1), 3),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
    ]
    return Table(rows, colWidths=widths, repeatRows=1, style=style)


def _totals_table(statement: Statement, width: float) -> Any:
    headings = [
        *(_("Account"), _("Brought forward"), _("Paid"), _("Lessons")),
        *(_("Other"), _("Balance")),
    ]
    rows = [[_cell(text, bold=True, right=i > 0) for i, text in enumerate(headings)]]
    for totals in statement.totals:
        amounts = (totals.opening, totals.paid, totals.charged, totals.other)
        name = _("lessons") if totals.unit == "lesson" else totals.unit
        rows.append(
            [
                _cell(name),
                *(_cell(format_amount(amount, totals.unit), right=True) for amount in amounts),
                _cell(format_amount(totals.closing, totals.unit), bold=True, right=True),
            ]
        )
    return _table(rows, [width * share for share in (0.15, 0.18, 0.17, 0.17, 0.15, 0.18)])


def _lines_table(statement: Statement, width: float) -> Any:
    headings = [_("Date"), _("Entry"), _("Amount"), _("Balance")]
    rows = [[_cell(text, bold=True, right=i > 1) for i, text in enumerate(headings)]]
    for line in statement.lines:
        entry = line.entry
        what = escape(entry.get_kind_display())
        if line.lesson_at:
            what += ", " + escape(formats.date_format(line.lesson_at, "j E, H:i"))
        if entry.note:
            what += f'<br/><font color="{_MUTED}">{escape(entry.note[:_MAX_NOTE])}</font>'
        rows.append(
            [
                _cell(formats.date_format(line.at, "j M Y")),
                _text(what, 9),
                _cell(format_amount(entry.amount, entry.unit), right=True),
                _cell(format_amount(line.balance, entry.unit), right=True),
            ]
        )
    return _table(rows, [width * share for share in (0.14, 0.48, 0.19, 0.19)])


def _cell(text: str, *, bold: bool = False, right: bool = False) -> Any:
    return _text(escape(text), 9, bold=bold, align=2 if right else 0)


def _draw_footer(canvas: Any, document: Any) -> None:
    canvas.saveState()
    canvas.setFont("Arimo-Regular", 8)
    canvas.setFillColor(_MUTED)
    sentence = _("Kreida takes no part of any payment.")
    canvas.drawString(document.leftMargin, 30, sentence)
    page = _("Page %(n)s") % {"n": document.page}
    canvas.drawRightString(document.leftMargin + document.width, 30, page)
    canvas.restoreState()
