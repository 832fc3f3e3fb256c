"""Runs apps/booking/calendars/expand.py on a file, in a process of its own with limits."""

import json
import logging
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from apps.booking.models import ExternalCalendar
from apps.booking.slots import Span

TIMEOUT = 120.0  # seconds
CPU_SECONDS = 20
_PROGRAM = Path(__file__).with_name("expand.py")
Error = ExternalCalendar.Error
_ERRORS = {"not_calendar": Error.NOT_CALENDAR, "too_large": Error.TOO_COMPLEX}
log = logging.getLogger("kreida.calendars")


class ReadError(Exception):
    def __init__(self, error: ExternalCalendar.Error) -> None:
        super().__init__(error.value)
        self.error = error


@dataclass(frozen=True, slots=True)
class ReadCalendar:
    events: int
    unread: int
    busy: Sequence[Span]


def read_calendar(content: bytes, *, zone: str, span: Span) -> ReadCalendar:
    """When the owner is busy within the span. Raises ReadError."""
    since, until = (moment.timestamp() for moment in span)
    head = {"zone": zone, "since": since, "until": until, "cpu_seconds": CPU_SECONDS}
    try:
        done = subprocess.run(  # noqa: S603 -- a program of ours, without a shell
            [sys.executable, "-P", str(_PROGRAM)],
            input=json.dumps(head).encode() + b"\n" + content,
            capture_output=True,
            timeout=TIMEOUT,
            env={"PYTHONUTF8": "1"},
            check=True,
        )
        found = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError) as exc:
        log.warning("a calendar could not be read: %s", type(exc).__name__)
        raise ReadError(Error.TOO_COMPLEX) from exc
    if "error" in found:
        raise ReadError(_ERRORS[found["error"]])
    busy = [
        (datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
        for start, end in found["busy"]
    ]
    return ReadCalendar(found["events"], found["unread"], busy)
