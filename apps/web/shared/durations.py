"""The durations that forms and the calendar offer for a lesson."""

from django.utils.translation import ngettext

MINUTES = (15, 20, 30, 40, 45, 50, 60, 75, 90, 105, 120, 150, 180, 240, 300, 360, 480, 720)
DEFAULT_MINUTES = 60


def minutes_label(minutes: int) -> str:
    hours, remainder = divmod(minutes, 60)
    parts = [ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}] if hours else []
    if remainder or not hours:
        parts.append(ngettext("%(n)s minute", "%(n)s minutes", remainder) % {"n": remainder})
    return " ".join(parts)
