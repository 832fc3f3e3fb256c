"""Reads the rows of an Excel workbook (.xlsx)."""

import io
import zipfile
import zlib
from datetime import date, datetime, time
from typing import Any

from apps.classrooms.roster.csv_table import Line

MAX_UNPACKED = 4 * 1024 * 1024  # bytes in the archive; a roster has a few hundred KB
MAX_FILES = 500
# Old .xls and password-protected workbooks are in this format.
OLE_SIGNATURE = b"\xd0\xcf\x11\xe0"
_ZIP_SIGNATURE = b"PK\x03\x04"

# openpyxl raises these for a damaged workbook; defusedxml's errors are ValueErrors.
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError),
    *(KeyError, IndexError, ValueError, TypeError, AttributeError, SyntaxError, OverflowError),
)


class DamagedWorkbookError(ValueError):
    pass


class HugeWorkbookError(ValueError):
    """The archive would unpack to more than the limits."""


def is_workbook(data: bytes) -> bool:
    return data.startswith(_ZIP_SIGNATURE)


def read_workbook(data: bytes, *, max_rows: int, max_columns: int) -> list[Line]:
    """Non-empty rows of the first sheet that has any, with their numbers; `max_rows` counts those
    of all sheets up to it. Raises DamagedWorkbookError or HugeWorkbookError."""
    try:
        _check_archive(data)
        # openpyxl takes 8 MB, which most servers never need.
        from apps.classrooms.roster.xlsx_sheets import open_sheets  # noqa: PLC0415

        for sheet in open_sheets(data):
            rows = sheet.iter_rows(max_row=max_rows, max_col=max_columns, values_only=True)
            lines: list[Line] = []
            number = 0
            for number, row in enumerate(rows, 1):
                if any(cells := [_text(value) for value in row]):
                    lines.append((number, cells))
            max_rows -= number
            if lines or max_rows < 1:
                return lines
    except HugeWorkbookError:
        raise
    except _DAMAGED as exc:
        raise DamagedWorkbookError from exc
    return []


def _check_archive(data: bytes) -> None:
    """zipfile reads no more of a file than the size declared here, so that a bomb cannot lie."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = archive.infolist()
    unpacked = sum(file.file_size for file in files)  # a sheet may be in any folder
    if len(files) > MAX_FILES or unpacked > MAX_UNPACKED:
        raise HugeWorkbookError


def _text(value: Any) -> str:
    """A cell as a spreadsheet shows it: whole numbers, such as phones, without a fraction."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value).strip()
