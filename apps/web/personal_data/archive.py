"""What is about a person as a zip: each table as JSON and as CSV, and the pictures of theirs."""

import csv
import io
import json
import tempfile
import zipfile
from datetime import datetime
from pathlib import PurePosixPath
from typing import IO, Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.classroom.models import BoardFile
from apps.web.personal_data.collect import Table, collect, names_of

CHUNK = 1024 * 1024


def export_name(person: User, now: datetime) -> str:
    return f"kreida-{person.pk}-{now:%Y-%m-%d}.zip"


def write_export(person: User, now: datetime) -> IO[bytes]:
    """Return an open file without a name, which is gone when it is closed."""
    file = tempfile.TemporaryFile(dir=settings.UPLOAD_DIR)  # noqa: SIM115 -- the caller's
    try:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive:
            _write(archive, person, now)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _write(archive: zipfile.ZipFile, person: User, now: datetime) -> None:
    tables = [table for table in collect(person) if table.rows]
    archive.writestr("README.txt", _explain(person, now))
    archive.writestr("people.json", _json(names_of(tables)))
    for table in tables:
        rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
        archive.writestr(f"json/{table.label}.json", _json(rows))
        archive.writestr(f"csv/{table.label}.csv", _csv(table))
    for picture in BoardFile.objects.filter(person=f"u{person.pk}").order_by("pk"):
        _write_picture(archive, picture)


def _write_picture(archive: zipfile.ZipFile, picture: BoardFile) -> None:
    name = f"files/{picture.uuid}{PurePosixPath(str(picture.file.name)).suffix}"
    try:
        source = picture.file.open()
    except FileNotFoundError:
        return  # lost; the backup says so, too
    member = zipfile.ZipInfo(name, picture.created_at.timetuple()[:6])
    with source, archive.open(member, "w", force_zip64=True) as copy:
        while chunk := source.read(CHUNK):
            copy.write(chunk)


def _explain(person: User, now: datetime) -> str:
    return (
        _(
            "What Kreida (%(url)s) knows of %(name)s, %(day)s.\n\n"
            "json/ and csv/ hold the same rows, a file for each kind; files/ the pictures that you "
            "have put on boards. People are named by number, and people.json says who they are.\n\n"
            "Not in it: passwords and other secrets, boards, on which others have drawn too, and "
            "notes that a tutor keeps for themselves."
        )
        % {"url": settings.PUBLIC_URL, "name": person.get_full_name(), "day": f"{now:%Y-%m-%d}"}
        + "\n"
    )


def _json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)


def _csv(table: Table) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(table.columns)
    writer.writerows([[_cell(value) for value in row] for row in table.rows])
    return "\ufeff" + out.getvalue()  # by which spreadsheets know UTF-8


def _cell(value: Any) -> str:
    """Spreadsheets take a text that begins so for a formula, and would run it."""
    if isinstance(value, datetime):
        return value.isoformat()
    text = "" if value is None else value if isinstance(value, str) else str(value)
    return f"'{text}" if isinstance(value, str) and text[:1] in ("=", "+", "-", "@", "\t") else text
