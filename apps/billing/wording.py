"""Terms of a cancellation in words, in the reader's language and time zone."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import User
from apps.billing.models import CancellationPolicy
from apps.billing.terms import Terms
from apps.common.dates import format_full_day
from apps.common.zones import clock_time, zone_label
from apps.lessons.models import Lesson


class LessonTerms(NamedTuple):
    policy: CancellationPolicy
    terms: Terms


def describe_refusal(lesson: Lesson, reader: User, policy: CancellationPolicy) -> str:
    if not policy.students_may_cancel:
        return _("Your tutor’s policy does not let students cancel. Ask your tutor to do it.")
    return _("This lesson could be cancelled until it started: %(time)s.") % {
        "time": format_instant(lesson.starts_at, reader)
    }


def describe_terms(lesson: Lesson, reader: User, found: LessonTerms, now: datetime) -> str:
    """The consequence of cancelling in words, before anybody decides."""
    policy, terms = found
    if terms.is_refused:
        return describe_refusal(lesson, reader, policy)
    if lesson.is_requested:
        return _("Your tutor has not confirmed this lesson yet: taking it back is free of charge.")
    sentences = [_describe_consequence(reader, terms, lesson.starts_at - now)]
    if terms.is_late and policy.free_late_cancellations:
        sentences.append(
            _describe_free_late(terms, reader.to_local_time(terms.period_ends_at), now)
        )
    return " ".join(sentences)


def _describe_free_late(terms: Terms, until: datetime, now: datetime) -> str:
    day = date_format(until, "j E" if until.year == now.year else "j E Y")
    left = terms.free_late_left - terms.uses_free_late
    if not left and terms.uses_free_late:
        return _("It is the last one until %(day)s.") % {"day": day}
    if not left:
        return _("No free late cancellation is left until %(day)s.") % {"day": day}
    return ngettext(
        "%(left)s free late cancellation is left until %(day)s.",
        "%(left)s free late cancellations are left until %(day)s.",
        left,
    ) % {"left": left, "day": day}


def _describe_consequence(reader: User, terms: Terms, notice: timedelta) -> str:
    if not terms.is_late:
        return _("Free of charge until %(time)s.") % {
            "time": format_instant(terms.free_until, reader)
        }
    values = {"notice": format_length(notice), "percent": terms.charge_percent}
    if terms.uses_free_late:
        return _("%(notice)s before: uses a free late cancellation, nothing is charged.") % values
    if not terms.charge_percent:
        return _("%(notice)s before: late, but nothing is charged.") % values
    if terms.charge_percent == 100:
        return _("%(notice)s before: this lesson will be charged.") % values
    return _("%(notice)s before: %(percent)s %% of this lesson will be charged.") % values


def format_instant(instant: datetime, reader: User) -> str:
    local = reader.to_local_time(instant)
    day = format_full_day(local.date(), reader.to_local_time(timezone.now()).date())
    return f"{day}, {clock_time(local)} ({zone_label(reader.timezone)})"


def format_length(length: timedelta) -> str:
    """E.g. “2 h 40 min”, or days and hours."""
    minutes = max(0, int(length.total_seconds()) // 60)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days:
        return _("%(days)s d %(hours)s h") % {"days": days, "hours": hours}
    if hours:
        return _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": minutes}
    return _("%(minutes)s min") % {"minutes": minutes}
