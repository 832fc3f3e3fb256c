"""The backup archive: a zip of rows, files and keys that either database can be restored from.

- `manifest.json`: format, release and applied migrations;
- `rows/TABLE.jsonl`: the names of the columns, then one array per row, in JSON for each database;
- `files/…`: every file that a row names, under its name in DATA_DIR/files;
- `keys/secret_key` and `keys/vapid_key`;
- `summary.json`: how many rows each table has, written last.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import msgspec

from apps.common.version import VERSION

FORMAT = "kreida-backup"
FORMAT_VERSION = 1
MANIFEST, SUMMARY = "manifest.json", "summary.json"
SECRET_KEY, VAPID_KEY = "keys/secret_key", "keys/vapid_key"
ENCRYPTED = 1  # a flag of a member of a zip
CHUNK = 1024 * 1024  # bytes read at once
MAX_ROW = 512 * 1024 * 1024  # bytes of one row's line; an archive with a longer one is not ours
MAX_HEAD = 16 * 1024 * 1024  # bytes of the manifest, of the summary and of a key


class BackupError(Exception):
    """A sentence for the administrator: why no backup was made or restored."""


class Manifest(msgspec.Struct, kw_only=True):
    format: str
    format_version: int
    release: str
    created_at: str
    database: str
    installation: str
    migrations: dict[str, list[str]]


class Summary(msgspec.Struct, kw_only=True):
    rows: dict[str, int]
    sequences: dict[str, int]  # by table, the last id given, so that no id is given twice
    missing_files: list[str]


def rows_member(table: str) -> str:
    return f"rows/{table}.jsonl"


def file_member(name: str) -> str:
    return f"files/{name}"


@contextmanager
def open_archive(path: Path) -> Iterator["ArchiveReader"]:
    """Raises BackupError for a file that is not a whole backup of this release or an older one, and
    when a part of it turns out to be damaged while it is read."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield ArchiveReader(archive, path)
    except OSError as exc:
        if exc.filename is not None and Path(str(exc.filename)) != path:
            raise
        raise BackupError(f"{path} cannot be read: {exc.strerror or exc}.") from exc
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as exc:
        raise BackupError(
            f"{path} is cut off, damaged or not a backup of Kreida ({exc}). Use another backup."
        ) from exc


class ArchiveReader:
    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self._archive, self.path = archive, path
        foreign = BackupError(f"{path} is not a backup of Kreida.")
        if any(info.flag_bits & ENCRYPTED for info in archive.infolist()):
            raise foreign
        try:
            self.manifest = msgspec.json.decode(self._read(MANIFEST), type=Manifest)
            if self.manifest.format != FORMAT:
                raise foreign
        except (KeyError, msgspec.MsgspecError) as exc:
            raise self._newer() if self._is_newer_format() else foreign from exc
        if self.manifest.format_version > FORMAT_VERSION:
            raise self._newer()
        try:
            self.summary = msgspec.json.decode(self._read(SUMMARY), type=Summary)
        except (KeyError, msgspec.MsgspecError) as exc:
            raise BackupError(f"{path} was not finished. Use another backup.") from exc

    def _read(self, member: str) -> bytes:
        """Raises KeyError, or BackupError for more than a backup has there."""
        if self._archive.getinfo(member).file_size > MAX_HEAD:
            raise BackupError(f"{self.path} is not a backup of Kreida: {member} is too large.")
        return self._archive.read(member)

    def _is_newer_format(self) -> bool:
        try:
            head = msgspec.json.decode(self._read(MANIFEST))
            return bool(head["format"] == FORMAT and head["format_version"] > FORMAT_VERSION)
        except (KeyError, TypeError, msgspec.MsgspecError):
            return False

    def _newer(self) -> BackupError:
        return BackupError(
            f"{self.path} was made by a newer release of Kreida than this one ({VERSION}). "
            "Install that release and restore with it."
        )

    def check_migrations(self, known: dict[str, set[str]]) -> None:
        """Raise BackupError if the archive has migrations that this release does not know."""
        unknown = [
            f"{app}.{name}"
            for app, names in self.manifest.migrations.items()
            for name in names
            if name not in known.get(app, set())
        ]
        if unknown:
            raise BackupError(
                f"{self.path} was made by Kreida {self.manifest.release}, whose database is newer "
                f"than that of this release ({VERSION}): {', '.join(sorted(unknown)[:3])}. "
                "Install the newer release and restore with it."
            )

    def rows(self, table: str) -> Iterator[list[object]]:
        """Yield the names of the columns, then the rows."""
        try:
            member = self._archive.open(rows_member(table))
        except KeyError as exc:
            raise BackupError(f"{self.path} has no rows of {table}.") from exc
        with member:
            while line := member.readline(MAX_ROW):
                try:
                    yield msgspec.json.decode(line, type=list[object])
                except (msgspec.MsgspecError, RecursionError) as exc:
                    raise BackupError(f"{self.path} has an unreadable row of {table}.") from exc

    def key(self, member: str) -> str:
        try:
            return self._read(member).decode()
        except (KeyError, UnicodeDecodeError) as exc:
            raise BackupError(f"{self.path} has no {member}.") from exc

    def file_names(self) -> Iterator[str]:
        """Yield the names of the files, relative to DATA_DIR/files."""
        for info in self._archive.infolist():
            path = PurePosixPath(info.filename)
            if path.parts[:1] == ("files",):
                if ".." in path.parts or len(path.parts) == 1 or info.is_dir():
                    raise BackupError(f"{self.path} has a file with an invalid name.")
                yield str(path.relative_to("files"))

    def files_size(self) -> int:
        """In bytes, as the archive says; no more than that is ever read of a file."""
        return sum(self.file_size(name) for name in self.file_names())

    def file_size(self, name: str) -> int:
        return self._archive.getinfo(file_member(name)).file_size

    def read_file(self, name: str) -> Iterator[bytes]:
        with self._archive.open(file_member(name)) as member:
            while chunk := member.read(CHUNK):
                yield chunk

    def check(self) -> None:
        """Read everything once: the zip has a checksum of each member."""
        for table, expected in self.summary.rows.items():
            found = sum(1 for _row in self.rows(table)) - 1
            if found != expected:
                raise BackupError(f"{self.path}: {found} rows of {table}, not {expected}.")
        for name in self.file_names():
            for _chunk in self.read_file(name):
                pass
        for member in (SECRET_KEY, VAPID_KEY):
            self.key(member)
