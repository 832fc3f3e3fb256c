"""A cancellation policy in words, for the people who agree to it."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.billing.models import CancellationPolicy, NoFault


def describe_policy(policy: CancellationPolicy) -> list[str]:
    """Whole sentences, in the order in which they matter to a student."""
    if not policy.students_may_cancel:
        return [
            _("Students do not cancel lessons themselves: write to the tutor."),
            _describe_no_show(policy.no_show_charge_percent),
        ]
    sentences = [_describe_limit(policy.free_until_minutes)]
    if policy.free_until_minutes:
        sentences.append(_describe_late_charge(policy.late_charge_percent))
        if policy.free_late_cancellations and policy.late_charge_percent:
            sentences.append(_describe_free_late(policy))
        if policy.no_fault_reasons and policy.late_charge_percent:
            sentences.append(_describe_no_fault(policy.no_fault_reasons))
    sentences.append(_describe_no_show(policy.no_show_charge_percent))
    sentences.append(_("A lesson that the tutor cancels is never charged."))
    return sentences


def format_notice(minutes: int) -> str:
    """E.g. “24 hours”, “2 days”, “1 hour 30 minutes”."""
    if minutes and minutes % 1440 == 0 and minutes > 1440:
        days = minutes // 1440
        return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}
    hours, rest = divmod(minutes, 60)
    parts = [ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}] if hours else []
    if rest or not hours:
        parts.append(ngettext("%(n)s minute", "%(n)s minutes", rest) % {"n": rest})
    return " ".join(parts)


def _describe_limit(minutes: int) -> str:
    if not minutes:
        return _("A lesson can be cancelled free of charge until it starts.")
    return _("A lesson can be cancelled free of charge if %(notice)s or more are left.") % {
        "notice": format_notice(minutes)
    }


def _describe_late_charge(percent: int) -> str:
    if not percent:
        return _("A later cancellation costs nothing either.")
    if percent == 100:
        return _("A lesson that is cancelled later is charged in full.")
    return _("A lesson that is cancelled later is charged at %(percent)s %%.") % {
        "percent": percent
    }


def _describe_free_late(policy: CancellationPolicy) -> str:
    days = policy.free_late_period_days
    period = ngettext("%(n)s day", "%(n)s days", days) % {"n": days}
    count = policy.free_late_cancellations
    return ngettext(
        "%(n)s late cancellation is free in each period of %(period)s.",
        "%(n)s late cancellations are free in each period of %(period)s.",
        count,
    ) % {"n": count, "period": period}


def _describe_no_fault(reasons: list[str]) -> str:
    labels = [str(NoFault(value).label) for value in NoFault.values if value in reasons]
    return _("A late cancellation is free for these reasons: %(reasons)s.") % {
        "reasons": ", ".join(labels)
    }


def _describe_no_show(percent: int) -> str:
    if not percent:
        return _("A missed lesson is not charged.")
    if percent == 100:
        return _("A missed lesson is charged in full.")
    return _("A missed lesson is charged at %(percent)s %%.") % {"percent": percent}
