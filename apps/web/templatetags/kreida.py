from datetime import datetime
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, Form, RadioSelect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import User
from apps.common import text
from apps.common.zone_times import zone_time
from apps.common.zones import (
    DEFAULT,
    canonical_zone,
    clock_time,
    find_zone,
    zone_fallbacks,
    zone_label,
)
from apps.web.shared import local_time
from apps.web.shared.durations import minutes_label

register = template.Library()
register.filter(zone_time)


@register.simple_tag
def span(start: datetime, end: datetime, zone: str) -> str:
    return local_time.format_span(start, end, find_zone(zone), timezone.now())


@register.simple_tag
def span_in_other_zone(start: datetime, end: datetime, zone: str) -> str:
    """For another person's time zone: without “today” and the like."""
    return local_time.format_span(start, end, find_zone(zone), timezone.now(), full_date=True)


@register.simple_tag
def minutes_between(start: datetime, end: datetime) -> str:
    minutes = int((end - start).total_seconds() // 60)
    if not minutes:
        return _("less than a minute")
    return ngettext("%(n)s min", "%(n)s min", minutes) % {"n": minutes}


@register.filter
def moment(instant: datetime, zone: str) -> str:
    """E.g. “tomorrow, 15:00”."""
    tz = find_zone(zone)
    local, now = instant.astimezone(tz), timezone.now().astimezone(tz)
    return f"{local_time.format_day(local.date(), now.date())}, {clock_time(local)}"


@register.filter
def heading(sentence: str) -> str:
    """The sentence of an error as a heading, which has no full stop."""
    return str(sentence).removesuffix(".")


@register.filter
def zone_name(zone: str) -> str:
    return zone_label(zone)


@register.filter
def zone_names(zone: str) -> str:
    """The zone's id and the ids to fall back to in a browser that does not know it."""
    return " ".join([zone, *zone_fallbacks(zone, timezone.now())])


@register.filter
def until(instant: datetime, zone: str) -> str:
    return local_time.format_until(instant, find_zone(zone), timezone.now())


@register.filter
def initials(person: User | dict[str, Any]) -> str:
    first, last = (
        (person["first_name"], person["last_name"])
        if isinstance(person, dict)
        else (person.first_name, person.last_name)
    )
    return text.initials(first, last)


@register.filter
def full_names(people: list[User]) -> str:
    return ", ".join(person.get_full_name() for person in people)


@register.filter
def duration(minutes: int) -> str:
    """E.g. “1 hour 30 minutes”."""
    return minutes_label(minutes)


@register.filter
def phone_link(phone: str) -> str:
    """The part of a typed phone number that a `tel:` link takes (RFC 3966)."""
    return "".join(c for c in phone if c in "+0123456789")


@register.filter
def grouped(code: str) -> str:
    """A join code in groups of four: ABCD-EFGH."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


@register.inclusion_tag("web/parts/fields.html")
def fields(form: Form) -> dict[str, Any]:
    return {"form": form}


@register.inclusion_tag("web/parts/field.html")
def field(bound: BoundField, autofocus: bool = False, mark: str = "") -> dict[str, Any]:
    """`mark` follows the label and replaces “(optional)”."""
    widget = bound.field.widget
    # allauth's placeholders repeat the label, and its password help is a long list.
    widget.attrs.pop("placeholder", None)
    if bound.name == "password1" and bound.help_text:
        bound.help_text = _("At least 8 characters, and not easy to guess.")
    if autofocus:
        widget.attrs["autofocus"] = True
    kind = "plain"
    if isinstance(widget, RadioSelect):
        kind = "radio"
    elif isinstance(widget, CheckboxInput):
        kind = "check"
    elif bound.name == "timezone":
        return {"field": bound, "kind": "zone", **_zone(bound)}
    return {"field": bound, "kind": kind, "mark": mark, "shown": shown_value(bound)}


@register.filter
def shown_value(bound: BoundField) -> str:
    """The hidden field of the value that was shown (OptimisticForm), where the widget's options are
    written one by one."""
    return bound.as_hidden(only_initial=True) if bound.field.show_hidden_initial else ""


def _zone(bound: BoundField) -> dict[str, Any]:
    value = canonical_zone(str(bound.value() or ""))
    return {
        "chosen": "chosen" if value else "",
        "value": value or DEFAULT,
        "shown": shown_value(bound),
        "regions": local_time.list_zones_by_region(timezone.now(), value),
    }


_BROWSERS = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome"}
_BROWSERS["Safari/"] = "Safari"
_SYSTEMS = {"Windows": "Windows", "Android": "Android", "iPhone": "iOS", "iPad": "iOS"}
_SYSTEMS |= {"Mac OS": "macOS", "Linux": "Linux"}


@register.filter
def browser_name(user_agent: str) -> str:
    """E.g. “Firefox on Linux”."""
    browser = next((name for mark, name in _BROWSERS.items() if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS.items() if mark in user_agent), "")
    if not browser:
        return system or _("an unknown browser")
    if not system:
        return browser
    return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
