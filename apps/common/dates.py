"""Dates in words, in the language that is active."""

from datetime import date, datetime

from django.utils.formats import date_format
from django.utils.translation import get_language

from apps.common.zones import clock_times


def format_full_day(day: date, today: date) -> str:
    """“Monday, 2 March”, with the year if it is not the present one."""
    words = date_format(day, "l, j E" if day.year == today.year else "l, j E Y")
    # Django capitalises Ukrainian weekdays, which is wrong within a sentence.
    return words[0].lower() + words[1:] if get_language() == "uk" else words


def format_full_span(begins: datetime, ends: datetime, today: date) -> str:
    """“Monday, 2 March, 15:00–16:00” of two local times; both days if they differ."""
    day, (since, until) = format_full_day(begins.date(), today), clock_times(begins, ends)
    if begins.date() == ends.date():
        return f"{day}, {since}–{until}"
    return f"{day}, {since} – {format_full_day(ends.date(), today)}, {until}"
