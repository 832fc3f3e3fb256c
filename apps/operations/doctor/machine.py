"""Checks of this machine: the clock, the rules of time zones, DATA_DIR and its disk."""

import ctypes
import os
import pwd
import re
import shutil
import stat
import sys
import zoneinfo
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection

from apps.common.health import MIN_FREE_BYTES, check_storage
from apps.operations.doctor.report import Result, failed, ok, one_line, warning

GB = 10**9
MAX_CLOCK_DIFFERENCE = 2.0  # seconds between this machine and the database's
_TIME_ERROR = 5  # the kernel's clock is not synchronised: adjtimex(2)
_SIZE_OF_TIMEX = 512  # more than any architecture has


def check_clock(now: datetime) -> list[Result]:
    """Compare with the database's clock, and ask the kernel whether anything sets it."""
    try:
        difference = _difference_to_database(now)
    except DatabaseError as exc:
        return [failed("clock", f"The database's clock cannot be read: {one_line(exc)}")]
    if abs(difference) > MAX_CLOCK_DIFFERENCE:
        text = f"This clock and the database's differ by {difference:+.0f} s."
        return [failed("clock", f"{text} Run chrony or systemd-timesyncd on both machines.")]
    shown = f"{now.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    if not _is_synchronised():
        advice = "Install chrony or systemd-timesyncd, unless the host of this machine sets it."
        return [warning("clock", f"{shown}; the kernel says that nothing sets it. {advice}")]
    return [ok("clock", shown)]


def _difference_to_database(now: datetime) -> float:
    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return float((cursor.fetchone()[0] - now).total_seconds())


def _is_synchronised() -> bool:
    if not sys.platform.startswith("linux"):
        return True
    buffer = ctypes.create_string_buffer(_SIZE_OF_TIMEX)  # modes = 0: it only reads
    return int(ctypes.CDLL(None).adjtimex(buffer)) != _TIME_ERROR


def check_tzdata(now: datetime) -> list[Result]:
    version = tzdata_version()
    found = re.match(r"(\d{4})", version)
    if not found:
        return [warning("tzdata", "The release of the time zone rules is unknown.")]
    if int(found[1]) < now.year - 1:
        advice = "Update the package tzdata and restart Kreida: lessons may be shown an hour off."
        return [warning("tzdata", f"The time zone rules are of {version}. {advice}")]
    return [ok("tzdata", f"rules of {version}")]


def tzdata_version() -> str:
    """Return the release of the rules that Python reads; "" if it is not written down."""
    folders = [Path(folder) for folder in zoneinfo.TZPATH if (Path(folder) / "UTC").is_file()]
    for folder in folders[:1]:
        for name, pattern in (("tzdata.zi", r"# version (\S+)"), ("+VERSION", r"(\S+)")):
            if (folder / name).is_file():
                with (folder / name).open() as file:
                    found = re.match(pattern, file.readline())
                return found[1] if found else ""
        return ""
    return metadata.version("tzdata")  # 2025.2; used only where the system has no rules


def check_data_dir() -> list[Result]:
    folder = Path(settings.DATA_DIR)
    found = folder.stat()
    if found.st_uid != os.geteuid():
        owner = _user_name(found.st_uid)
        return [failed("data", f"{folder} belongs to {owner}. Run `kreida` as that user.")]
    if stat.S_IMODE(found.st_mode) & 0o077:
        return [failed("data", f"Other users can open {folder}. Run `chmod 700 {folder}`.")]
    locked = [path for path in folder.iterdir() if path.is_dir() and not os.access(path, os.W_OK)]
    if locked:
        return [failed("data", f"{locked[0]} cannot be written to. Give it to this user.")]
    return [_check_space(folder)]


def _check_space(folder: Path) -> Result:
    free = shutil.disk_usage(folder).free
    text = f"{folder}: {free / GB:.1f} GB free"
    try:
        check_storage()
    except OSError as exc:
        reason = one_line(exc)
        return failed("data", f"{text}; {reason}. Free space: nothing can be saved without it.")
    if free < 10 * MIN_FREE_BYTES:
        return warning("data", f"{text}. Free some, or enlarge the disk.")
    return ok("data", text)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
