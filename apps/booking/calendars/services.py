"""Adds external calendars, keeps them fresh, and stores when they are busy."""

import logging
import time
import zlib
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.booking.availability import get_availability
from apps.booking.calendars.fetching import Fetched, FetchError, fetch, may_be_private
from apps.booking.calendars.reading import ReadError, read_calendar
from apps.booking.models import (
    MAX_CALENDARS,
    MAX_CONTENT,
    MAX_URL,
    BusyTime,
    ExternalCalendar,
)
from apps.booking.models.availability import MAX_WINDOW_DAYS
from apps.common.errors import invalid
from apps.common.outgoing_http import ForbiddenAddressError, check_url
from apps.common.turns import turn
from apps.common.worker import is_stopping

REFRESH_EVERY = timedelta(minutes=30)
MAX_WAIT = timedelta(hours=12)  # after failures
EXPAND_EVERY = timedelta(days=7)
HORIZON = timedelta(days=MAX_WINDOW_DAYS + 14)
PAST = timedelta(days=1)
MAX_SECONDS = 50.0  # until a run starts no other calendar
Error = ExternalCalendar.Error
log = logging.getLogger("kreida.calendars")


def add_address(*, tutor: User, name: str, url: str, now: datetime) -> ExternalCalendar:
    """Fetch the calendar once; if that fails, it is tried again later and the error is shown.

    Raises `validation_error` for an address that is not https or not public.
    """
    url = url.replace("webcal://", "https://", 1) if url.startswith("webcal://") else url
    if len(url) > MAX_URL:
        raise invalid(url=_("At most %(n)s characters.") % {"n": MAX_URL})
    try:
        check_url(url, allow_private=may_be_private())
    except ForbiddenAddressError as exc:
        raise invalid(url=_("Must be a public https address.")) from exc
    with turn(tutor.pk):
        _check_number(tutor)
        try:
            fetched: Fetched | FetchError = fetch(url)
        except FetchError as exc:
            if exc.error is Error.FORBIDDEN:
                raise invalid(url=_("Must be a public https address.")) from exc
            fetched = exc
        calendar = _create(tutor=tutor, name=name, url=url)
        _store(calendar, fetched, now)
    return calendar


def add_file(*, tutor: User, name: str, content: bytes, now: datetime) -> ExternalCalendar:
    """Raises `validation_error` for a file that cannot be read."""
    if len(content) > MAX_CONTENT:
        raise invalid(file=_("At most 5 MiB."))
    with turn(tutor.pk):
        _check_number(tutor)
        calendar = ExternalCalendar(tutor=tutor, name=name)
        calendar.content = zlib.compress(content)
        try:
            busy = _expand(calendar, now)
        except ReadError as exc:
            raise invalid(file=str(exc.error.label)) from exc
        calendar.refreshed_at = now
        with transaction.atomic():
            calendar = _create(tutor=tutor, name=name, unsaved=calendar)
            _replace_busy(calendar, busy)
    return calendar


def refresh_due(now: datetime) -> int:
    """Fetch the calendars that are due, and compute busy times that are old; return how many.

    Stops after MAX_SECONDS; the next run goes on.
    """
    began, done = time.monotonic(), 0
    is_old = Q(expanded_at=None) | Q(expanded_at__lt=now - EXPAND_EVERY)
    is_due = Q(next_check_at=None) | Q(next_check_at__lte=now)
    due = ExternalCalendar.objects.filter((~Q(url="") & is_due) | is_old).order_by("next_check_at")
    for calendar in due.select_related("tutor")[:200]:
        if time.monotonic() - began > MAX_SECONDS or is_stopping():
            break
        done += 1
        refresh(calendar, now)
    return done


def refresh(calendar: ExternalCalendar, now: datetime) -> None:
    if not calendar.url:
        _store(calendar, Fetched(None), now)
        return
    # Two processes may have found it due. It is due again later, should the process end here.
    found = ExternalCalendar.objects.filter(pk=calendar.pk, next_check_at=calendar.next_check_at)
    if not found.update(next_check_at=now + REFRESH_EVERY):
        return
    try:
        fetched: Fetched | FetchError = fetch(
            calendar.url, etag=calendar.etag, last_modified=calendar.last_modified
        )
    except FetchError as exc:
        fetched = exc
    _store(calendar, fetched, now)


def _store(calendar: ExternalCalendar, fetched: Fetched | FetchError, now: datetime) -> None:
    """After a failure the last busy times stay, until the calendar can be read again."""
    busy = None
    try:
        if isinstance(fetched, FetchError):
            raise fetched
        if fetched.content is not None:
            calendar.content = zlib.compress(fetched.content)
        if fetched.content is not None or _is_old(calendar, now):
            busy = _expand(calendar, now)
        calendar.etag, calendar.last_modified = fetched.etag, fetched.last_modified
        calendar.refreshed_at, calendar.failures = now, 0
    except (FetchError, ReadError) as exc:
        calendar.error = exc.error.value
        calendar.failures += 1
        log.info("calendar %s: %s", calendar.pk, exc.error.value)
    calendar.next_check_at = now + min(MAX_WAIT, REFRESH_EVERY * 2 ** min(calendar.failures, 10))
    with transaction.atomic():
        if not ExternalCalendar.objects.select_for_update().filter(pk=calendar.pk).exists():
            return  # deleted meanwhile
        calendar.save()
        if busy is not None:
            _replace_busy(calendar, busy)


def _is_old(calendar: ExternalCalendar, now: datetime) -> bool:
    return calendar.expanded_at is None or calendar.expanded_at < now - EXPAND_EVERY


def _expand(calendar: ExternalCalendar, now: datetime) -> list[BusyTime]:
    """Raises ReadError."""
    zone = get_availability(calendar.tutor).timezone
    content = zlib.decompress(calendar.content)
    found = read_calendar(content, zone=zone, span=(now - PAST, now + HORIZON))
    calendar.events, calendar.expanded_at = found.events, now
    calendar.error = Error.PARTLY_UNREAD.value if found.unread else ""
    return [BusyTime(starts_at=start, ends_at=end) for start, end in found.busy]


def _replace_busy(calendar: ExternalCalendar, busy: list[BusyTime]) -> None:
    calendar.busy_times.all().delete()
    for each in busy:
        each.calendar = calendar
    BusyTime.objects.bulk_create(busy, batch_size=1000)


def _check_number(tutor: User) -> None:
    if ExternalCalendar.objects.filter(tutor=tutor).count() >= MAX_CALENDARS:
        raise invalid(name=_("At most %(n)s calendars.") % {"n": MAX_CALENDARS})


@transaction.atomic
def _create(
    *, tutor: User, name: str, url: str = "", unsaved: ExternalCalendar | None = None
) -> ExternalCalendar:
    """Simultaneous requests would all pass the limit without this lock."""
    list(User.objects.select_for_update(no_key=True).filter(pk=tutor.pk).values_list("pk"))
    _check_number(tutor)
    calendar = unsaved or ExternalCalendar(tutor=tutor, name=name, url=url)
    calendar.save()
    return calendar
