"""The worker's nightly clean-up, run through the server's list of jobs."""

import os
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.utils import timezone

from apps.classroom import board_log
from apps.classroom.models import (
    Attendance,
    BoardAuthor,
    BoardFile,
    BoardVersion,
    ClassroomSession,
)
from apps.classroom.tests.boards import DrawingClient
from apps.common.models import DailyLimit, MailMessage, OutgoingMail
from apps.common.worker import Worker
from config.jobs import JOBS
from tests.builders import make_user, sign_up

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def run_a_night():
    """The first tick only stores when the jobs are due, which is in the next night."""
    now = timezone.now()
    worker = Worker(JOBS)
    worker.run_due(now)
    worker.run_due(now + DAY)
    worker.run_due(now + DAY)
    assert worker.failing == []


def make_picture(lesson, age=2 * DAY):
    picture = BoardFile(session=lesson.session, mime_type="image/png", size=3, person="u1")
    picture.file.save("x", ContentFile(b"abc"), save=False)
    picture.save()
    set_age(picture.file.path, age)
    return picture


def set_age(path, age):
    at = (timezone.now() - age).timestamp()
    os.utime(path, (at, at))


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)
    settings.UPLOAD_DIR = tmp_path / "uploading"
    settings.UPLOAD_DIR.mkdir()


def test_expired_sessions_and_their_records_are_deleted_and_others_stay(client):
    sign_up()
    sign_up(email="other@school.example")
    gone, kept = Session.objects.all()
    Session.objects.filter(pk=gone.pk).update(expire_date=timezone.now() - DAY)
    UserSession.objects.create(user=make_user("tutor"), ip="127.0.0.1", session_key="lost")
    run_a_night()
    assert list(Session.objects.all()) == [kept]
    assert [record.session_key for record in UserSession.objects.all()] == [kept.session_key]


def test_many_expired_sessions_are_deleted_in_batches():
    past = timezone.now() - DAY
    Session.objects.bulk_create(
        Session(session_key=f"k{number}", expire_date=past) for number in range(1201)
    )
    run_a_night()
    assert not Session.objects.exists()


def test_files_of_a_deleted_room_are_deleted_with_its_folder(lesson, log_lines):
    picture = make_picture(lesson)
    folder = Path(picture.file.path).parent
    lesson.session.delete()
    assert Path(picture.file.path).exists()
    set_age(folder, 2 * DAY)
    run_a_night()
    assert not Path(picture.file.path).exists()
    run_a_night()
    assert [line["files"] for line in log_lines() if "files" in line] == [1]


def test_file_that_waits_for_its_row_is_kept(lesson):
    picture = make_picture(lesson)
    new = Path(picture.file.path).with_name(str(uuid4()))
    new.write_bytes(b"abc")
    set_age(new, -DAY)  # at the next night it will be a minute old
    run_a_night()
    assert new.exists()
    assert Path(picture.file.path).exists()


def test_uploads_of_a_killed_process_are_deleted_and_running_ones_are_kept(settings, log_lines):
    abandoned, running = (settings.UPLOAD_DIR / name for name in ("abandoned", "running"))
    for file, age in ((abandoned, DAY), (running, -DAY)):  # seen by the next night
        file.write_bytes(b"abc")
        set_age(file, age)
    run_a_night()
    assert list(settings.UPLOAD_DIR.iterdir()) == [running]
    [line] = [line for line in log_lines() if line["message"] == "abandoned uploads were deleted"]
    assert line["files"] == 1


def test_daily_limits_of_past_days_are_deleted_and_those_of_today_are_kept():
    now = timezone.now()
    for name, began_at in (("old", now - 2 * DAY), ("today", now)):
        DailyLimit.objects.create(name=name, began_at=began_at, used=1)
    run_a_night()
    assert [limit.name for limit in DailyLimit.objects.all()] == ["today"]


def test_row_with_a_missing_file_is_logged(lesson, log_lines):
    picture = make_picture(lesson)
    os.unlink(picture.file.path)
    run_a_night()
    [line] = [line for line in log_lines() if line["message"] == "pictures without a file"]
    assert line["first"] == [str(picture.uuid)]
    assert BoardFile.objects.filter(pk=picture.pk).exists()


def test_attendance_that_no_process_closed_ends_when_it_was_last_seen(lesson):
    seen = timezone.now() - timedelta(hours=3)
    row = Attendance.objects.create(
        session=lesson.session, peer=uuid4(), joined_at=seen, seen_at=seen, role="tutor"
    )
    run_a_night()
    row.refresh_from_db()
    assert row.left_at == seen


def test_old_versions_of_an_idle_board_are_thinned_out(lesson):
    for minute in range(0, 60, 3):
        version = BoardVersion.objects.create(session=lesson.session, packed=b"x")
        at = (timezone.now() - 2 * DAY).replace(minute=minute)
        BoardVersion.objects.filter(pk=version.pk).update(created_at=at)
    run_a_night()
    assert BoardVersion.objects.count() == 1


def test_old_mail_is_deleted_when_sending_is_off():
    old = timezone.now() - 6 * DAY
    mail = {"sender": "a@b.example", "content": b"x", "created_at": old, "try_at": old}
    OutgoingMail.objects.create(recipients=["c@d.example"], **mail)
    MailMessage.objects.create(recipient="c@d.example", expires_at=old + 5 * DAY, **mail)
    run_a_night()
    assert not OutgoingMail.objects.exists()
    assert [row.content for row in MailMessage.objects.all()] == [None]


@pytest.mark.any_database
@pytest.mark.parametrize(("age", "kept"), [(2 * DAY, {7}), (DAY / 2, {7, 8})])
def test_authors_of_client_ids_that_are_not_on_the_board_are_deleted(lesson, age, kept):
    session = lesson.session.pk
    drawn = DrawingClient(7)
    drawn.map["a"] = 1
    board_log.add_authors({(session, 7): "u1", (session, 8): "u2"})
    board_log.append({session: drawn.updates})
    ClassroomSession.objects.filter(pk=session).update(versioned_at=timezone.now() + DAY - age)
    run_a_night()
    assert set(BoardAuthor.objects.values_list("client", flat=True)) == kept
