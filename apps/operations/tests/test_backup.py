"""`kreida backup` and `kreida restore`: between the databases, under load, of bad archives."""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import threading
import uuid
import zipfile
from datetime import timedelta

import psycopg
import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connections, transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.classroom import board_log
from apps.classroom.files import save_picture
from apps.classroom.models import BoardFile, BoardUpdate
from apps.classroom.tests.boards import drawing
from apps.classroom.tests.pictures import plain
from apps.common.models import MailMessage, PeriodicJob
from apps.operations.backup import load, rotation, tables
from apps.operations.backup.archive import MAX_HEAD, BackupError, open_archive
from tests.builders import NOON, make_placeholder

pytestmark = pytest.mark.django_db(transaction=True)
PLACE = ("DATA_DIR", "DATABASE_URL", "REDIS_URL", "SECRET_KEY")


@pytest.fixture(autouse=True)
def place(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "here"
    settings.BACKUP_DIR = tmp_path / "here" / "backups"
    settings.MEDIA_ROOT = tmp_path / "here" / "files"
    settings.MEDIA_ROOT.mkdir(parents=True)
    settings.THROTTLING = False


def back_up(folder, *options):
    call_command("backup", "--to", folder, *options)
    return rotation.list_backups(folder)[0]


def kreida(*arguments, data_dir, **env):
    """Run a command in another place."""
    clean = {key: value for key, value in os.environ.items() if key not in PLACE}
    done = subprocess.run(
        [sys.executable, "-m", "kreida", *map(str, arguments)],
        cwd=django_settings.BASE_DIR,
        env={**clean, "DATA_DIR": str(data_dir), **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def members(archive):
    """The rows, files and keys; the manifest names the database, the summary is ordered by it."""
    with zipfile.ZipFile(archive) as opened:
        found = {name: opened.read(name) for name in opened.namelist()}
    summary = json.loads(found.pop("summary.json"))
    last_ids = {table: last for table, last in summary["sequences"].items() if last}
    del found["manifest.json"], last_ids["django_migrations"]
    return {**found, "rows": summary["rows"], "last ids": last_ids}


def add_picture(lesson, tutor):
    upload = SimpleUploadedFile("a.png", plain("png"))
    return save_picture(session_id=lesson.session.pk, tutor_id=tutor.pk, person="u1", upload=upload)


@pytest.fixture
def school(lesson, classroom, tutor):
    """Rows of each kind of column: bytes, JSON, none, decimals of a second, ids that are gone."""
    make_placeholder(classroom, email="sofia@school.example", phone="+380 44 000 00 00")
    board_log.append({lesson.session.pk: [drawing(a=1), drawing(b="олівець\x7f")]})
    add_picture(lesson, tutor)
    mail = {"sender": "a@b.example", "created_at": NOON, "try_at": NOON, "expires_at": NOON}
    for fields in ({"payload": {"text": ["«так»", 1.5, None]}}, {"content": bytes(range(256))}):
        MailMessage.objects.create(recipient="c@d.example", **mail, **fields)
    MailMessage.objects.latest("pk").delete()
    PeriodicJob.objects.create(name="x", due_at=NOON + timedelta(microseconds=1))
    return lesson


@pytest.fixture
def empty_database(postgres_url):
    name = f"kreida_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield re.sub(r"/[^/]*$", f"/{name}", postgres_url)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.postgres
def test_backup_goes_from_postgresql_to_sqlite_and_back_unchanged(school, tmp_path, empty_database):
    there, back = tmp_path / "there", tmp_path / "back"
    first = back_up(tmp_path / "first")
    kreida("restore", first, data_dir=there)
    kreida("backup", "--to", tmp_path / "second", data_dir=there)
    [second] = rotation.list_backups(tmp_path / "second")
    kreida("restore", second, data_dir=back, DATABASE_URL=empty_database)
    kreida("backup", "--to", tmp_path / "third", data_dir=back, DATABASE_URL=empty_database)
    [third] = rotation.list_backups(tmp_path / "third")
    assert members(first) == members(second) == members(third)
    assert (back / "secret_key").read_text() == django_settings.SECRET_KEY
    picture = BoardFile.objects.get().file
    assert (back / "files" / picture.name).read_bytes() == picture.read()


def test_backup_is_consistent_while_people_draw_and_upload(lesson, tutor, tmp_path):
    stopped = threading.Event()
    drawn, uploaded = [], []

    def draw():
        while not stopped.is_set():
            board_log.append({lesson.session.pk: [drawing(**{f"e{len(drawn)}": 1})]})
            drawn.append(1)
        connections.close_all()

    def upload():
        while not stopped.is_set():
            uploaded.append(add_picture(lesson, tutor).file.name)
        connections.close_all()

    threads = [threading.Thread(target=draw), threading.Thread(target=upload)]
    for thread in threads:
        thread.start()
    try:
        while len(drawn) < 20 or len(uploaded) < 5:
            stopped.wait(0.01)
        at_least = len(drawn), len(uploaded)
        archive = back_up(tmp_path / "backups")
        at_most = len(drawn) + 1, len(uploaded) + 1
    finally:
        stopped.set()
        for thread in threads:
            thread.join()
    restored = kreida("restore", archive, data_dir=tmp_path / "there")
    assert "every file agrees" in restored
    found = members(archive)["rows"]
    counts = found["classroom_boardupdate"], found["classroom_boardfile"]
    assert at_least[0] <= counts[0] <= at_most[0]
    assert at_least[1] <= counts[1] <= at_most[1]


def test_verify_restores_into_a_scratch_place_and_deletes_it(school, settings, tmp_path):
    archive = back_up(tmp_path / "backups")
    before = sorted(settings.DATA_DIR.iterdir())
    call_command("restore", archive, "--verify")
    assert sorted(settings.DATA_DIR.iterdir()) == before
    assert BoardUpdate.objects.count() == 2


def test_restore_into_a_database_with_people_is_refused(school, tmp_path):
    archive = back_up(tmp_path / "backups")
    with pytest.raises(CommandError, match="is not empty"):
        call_command("restore", archive)


def test_file_that_is_missing_is_named_and_stops_no_backup(school, tmp_path, capsys):
    picture = BoardFile.objects.get().file
    os.unlink(picture.path)
    archive = back_up(tmp_path / "backups")
    assert picture.name in capsys.readouterr().out
    assert members(archive)["rows"]["classroom_boardfile"] == 1


def rewrite(archive, name, change):
    """Write the archive anew with one member changed."""
    changed = archive.with_name("changed.zip")
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(changed, "w") as new:
        for member in old.namelist():
            content = old.read(member)
            new.writestr(member, change(content) if member == name else content)
    return changed


def test_bad_archives_are_refused_with_a_sentence(school, tmp_path):
    archive = back_up(tmp_path / "backups")
    cut, other, photo = (tmp_path / name for name in ("cut.zip", "other.zip", "photo.zip"))
    shutil.copy(archive, cut)
    os.truncate(cut, archive.stat().st_size * 2 // 3)
    photo.write_bytes(plain("png"))
    with zipfile.ZipFile(other, "w") as foreign:
        foreign.writestr("manifest.json", '{"format": "another"}')
    for path, sentence in (
        (cut, "is cut off, damaged or not a backup"),
        (photo, "is cut off, damaged or not a backup"),
        (other, "is not a backup of Kreida"),
        (tmp_path / "none.zip", "cannot be read: No such file"),
    ):
        with pytest.raises(CommandError, match=sentence):
            call_command("restore", path)


def check(archive):
    with open_archive(archive) as opened:
        opened.check()


@pytest.mark.parametrize(
    ("member", "content", "sentence"),
    [
        ("files/../../outside", b"x", "a file with an invalid name"),
        ("files//../outside", b"x", "a file with an invalid name"),
        ("files", b"x", "a file with an invalid name"),
        ("manifest.json", b" " * (MAX_HEAD + 1), "manifest.json is too large"),
        ("summary.json", b" " * (MAX_HEAD + 1), "summary.json is too large"),
        ("keys/secret_key", b"\xff", "has no keys/secret_key"),
        ("keys/vapid_key", None, "has no keys/vapid_key"),
        ("rows/lessons_lesson.jsonl", b"[" * 100_000, "an unreadable row"),
        ("rows/lessons_lesson.jsonl", b"[[], {}]\n", "does not have the columns of lessons_lesson"),
    ],
)
def test_crafted_archives_are_refused_with_a_sentence(school, tmp_path, member, content, sentence):
    archive = crafted(back_up(tmp_path / "backups"), member, content)
    with pytest.raises(BackupError, match=sentence):
        read_all(archive)
    assert not (tmp_path / "outside").exists()


def read_all(archive):
    with open_archive(archive) as opened:
        for model in tables.stored_models(apps):
            columns = next(opened.rows(model._meta.db_table))
            load._order_columns(opened, model, columns)
        opened.check()


def crafted(archive, member, content):
    """A copy in which a member has other content, or is missing."""
    copy = archive.with_name("crafted.zip")
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name != member:
                new.writestr(name, old.read(name))
        if content is not None:
            new.writestr(member, content)
    return copy


def test_nameless_member_and_values_of_wrong_types_are_refused(school, tmp_path):
    archive = back_up(tmp_path / "backups")
    check(crafted(archive, ".", b"x"))
    with zipfile.ZipFile(archive) as opened:
        columns, row = map(json.loads, opened.read("rows/accounts_user.jsonl").splitlines()[:2])
    for column, value in (("date_joined", 5), ("email", [[]]), ("sort_key", {}), ("id", {})):
        changed = [value if name == column else old for name, old in zip(columns, row, strict=True)]
        lines = b"\n".join(json.dumps(each).encode() for each in (columns, changed))
        bad = crafted(archive, "rows/accounts_user.jsonl", lines)
        with (
            pytest.raises(BackupError, match="A row of accounts_user cannot be restored"),
            open_archive(bad) as opened,
            transaction.atomic(),
        ):
            load._insert_rows(opened, User)


def test_files_that_do_not_fit_are_not_restored(school, tmp_path, monkeypatch):
    archive = back_up(tmp_path / "backups")
    disk = shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: disk)
    with pytest.raises(BackupError, match="only 0 MiB are free"), open_archive(archive) as opened:
        load._check_space(opened)


def test_missing_row_is_found(school, tmp_path):
    archive = back_up(tmp_path / "backups")
    cut = rewrite(
        archive, "rows/lessons_lesson.jsonl", lambda rows: rows.partition(b"\n")[0] + b"\n"
    )
    with pytest.raises(BackupError, match="0 rows of lessons_lesson, not 1"):
        check(cut)


def test_damaged_byte_of_a_file_is_found(school, tmp_path):
    archive = back_up(tmp_path / "backups")
    picture = plain("png")[-20:]
    content = archive.read_bytes()
    assert content.count(picture) == 1
    archive.write_bytes(content.replace(picture, b"\0" + picture[1:]))
    with pytest.raises(BackupError, match="Bad CRC-32 for file 'files/board/"):
        check(archive)


@pytest.mark.parametrize(
    "newer",
    [
        lambda manifest: manifest | {"format_version": 2},
        lambda manifest: {"format": "kreida-backup", "format_version": 3, "other": 1},
        lambda manifest: (
            manifest | {"migrations": manifest["migrations"] | {"lessons": ["9999_later"]}}
        ),
    ],
)
def test_archive_of_a_newer_release_is_refused(school, tmp_path, newer):
    archive = rewrite(
        back_up(tmp_path / "backups"),
        "manifest.json",
        lambda content: json.dumps(newer(json.loads(content))).encode(),
    )
    with pytest.raises(CommandError, match="newer"):
        call_command("restore", archive)


def test_rotation_keeps_the_newest_backups_and_the_files_of_others(tmp_path):
    folder = tmp_path / "there"
    folder.mkdir()
    now = timezone.now()
    for days in range(5):
        (folder / rotation.backup_name(now - timedelta(days=days))).touch()
    (folder / "kreida-mine.zip").touch()
    kept = rotation.list_backups(folder)[:2]
    rotation.delete_old(folder, 0)
    assert len(rotation.list_backups(folder)) == 5
    assert len(rotation.delete_old(folder, 2)) == 3
    assert sorted(folder.iterdir()) == sorted([*kept, folder / "kreida-mine.zip"])
    assert now - rotation.made_at(kept[0]) < timedelta(seconds=1)


def test_failed_backup_leaves_the_old_ones(school, tmp_path):
    """The limit of a file's size stands for a full disk."""
    folder = tmp_path / "backups"
    kept = back_up(folder)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(CommandError, match="No backup was made: File too large"):
            back_up(folder, "--keep", "1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {file.name for file in folder.iterdir()} == {kept.name, ".lock"}
