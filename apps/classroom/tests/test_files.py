"""Pictures on the board: accepted formats and sizes, quotas and access."""

import errno
import os
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.classroom.models import (
    BoardFile,
    BoardSnapshot,
    BoardUpdate,
    BoardVersion,
    RoomAdmission,
)
from apps.classroom.pictures import clean_picture
from apps.classroom.tests.pictures import (
    FORMATS,
    SECRET,
    declaring_size,
    large_picture,
    plain,
    with_metadata,
)
from apps.common.disk import MIN_FREE_BYTES
from apps.lessons.invites import make_invite
from apps.lessons.services import revoke_invites
from tests.builders import HOUR, NOON, make_lesson

PICTURES = {f"image/{kind}": plain(kind) for kind in FORMATS}
PNG = PICTURES["image/png"]


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def url(lesson):
    return f"/api/classroom/sessions/{lesson.session.uuid}/files/"


def upload(client, url, body=PNG, name="x.png", kind="image/png"):
    file = SimpleUploadedFile(name, body, kind)
    return client.post(url, {"file": file}, format="multipart")


@pytest.mark.parametrize("kind", PICTURES)
def test_picture_is_stored_and_served_with_detected_type(api, url, tutor, student, kind):
    response = upload(api(student), url, PICTURES[kind], "photo.txt", "text/plain")
    assert response.status_code == 201, response.content
    file = response.json()
    served = api(tutor).get(file["url"])
    body = b"".join(served.streaming_content)
    assert (file["mime_type"], file["size"]) == (kind, len(body))
    assert body == clean_picture(PICTURES[kind]).data
    assert served["Content-Type"] == kind
    assert served["X-Content-Type-Options"] == "nosniff"
    assert served["Cache-Control"] == "no-store"
    assert served["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    "body",
    [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", b"<html>", b"MZ", b"RIFF1234WAVE"],
)
def test_other_formats_are_refused(api, url, student, body):
    response = upload(api(student), url, body)
    assert (response.status_code, response.json()["error"]) == (415, "unsupported_media_type")
    assert not BoardFile.objects.exists()


@pytest.mark.parametrize("kind", FORMATS)
def test_picture_metadata_is_not_stored(api, url, student, tmp_path, kind):
    response = upload(api(student), url, with_metadata(kind) + SECRET)
    assert response.status_code == 201, response.content
    (stored,) = files_in(tmp_path)
    assert SECRET not in stored.read_bytes()
    assert stored.stat().st_size == response.json()["size"]


@pytest.mark.parametrize(
    "body", [PNG[:-1], PNG[:40], b"\x89PNG\r\n\x1a\n" + b"\x00" * 40, PICTURES["image/jpeg"][:200]]
)
def test_damaged_picture_is_refused(api, url, student, tmp_path, body):
    response = upload(api(student), url, body)
    assert (response.status_code, response.json()["error"]) == (400, "validation_error")
    assert set(response.json()["fields"]) == {"file"}
    assert files_in(tmp_path) == []


def test_picture_with_too_many_pixels_is_refused(api, url, student):
    response = upload(api(student), url, declaring_size("png", 16_000, 16_000))
    assert (response.status_code, response.json()["error"]) == (400, "validation_error")
    assert "pixels" in response.json()["detail"]


def test_picture_is_on_disk_before_its_row_exists(api, url, student, tmp_path, monkeypatch):
    synced = []

    def fsync(descriptor):
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        assert not BoardFile.objects.exists()

    monkeypatch.setattr(os, "fsync", fsync)
    assert upload(api(student), url).status_code == 201
    (stored,) = files_in(tmp_path)
    assert synced == [str(path) for path in (stored, *stored.parents[:3])]
    assert stored.parents[2] == tmp_path


def test_picture_that_cannot_be_synced_is_refused_and_deleted(
    api, url, student, tmp_path, monkeypatch
):
    def full(_descriptor):
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(os, "fsync", full)
    response = upload(api(student), url)
    assert (response.status_code, response.json()["error"]) == (507, "storage_full")
    assert files_in(tmp_path) == []
    assert not BoardFile.objects.exists()


def files_in(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_picture_over_10_mib_is_refused(api, url, student):
    size = 10 * 1024 * 1024
    assert upload(api(student), url, large_picture(size)).status_code == 201
    response = upload(api(student), url, large_picture(size + 1))
    assert (response.status_code, response.json()["error"]) == (413, "payload_too_large")


def test_upload_beyond_quota_is_refused_with_507(api, url, student, settings, tmp_path):
    settings.STORAGE_QUOTA_MB = 1
    assert upload(api(student), url, large_picture(700_000)).status_code == 201
    response = upload(api(student), url, large_picture(700_000))
    assert (response.status_code, response.json()["error"]) == (507, "storage_full")
    assert "1 MB" in response.json()["detail"]
    assert len(files_in(tmp_path)) == BoardFile.objects.count() == 1
    assert upload(api(student), url, large_picture(100_000)).status_code == 201


def test_quota_counts_pictures_of_one_tutor(api, url, student, other_tutor, settings):
    settings.STORAGE_QUOTA_MB = 1
    assert upload(api(student), url, large_picture(1_000_000)).status_code == 201
    other = make_lesson(other_tutor, student, NOON + 5 * HOUR)
    elsewhere = f"/api/classroom/sessions/{other.session.uuid}/files/"
    assert upload(api(student), elsewhere, large_picture(1_000_000)).status_code == 201
    again = make_lesson(other_tutor, student, NOON + 9 * HOUR)
    elsewhere = f"/api/classroom/sessions/{again.session.uuid}/files/"
    assert upload(api(student), elsewhere, large_picture(1_000_000)).status_code == 507


def test_quota_counts_boards(api, url, lesson, student, settings):
    settings.STORAGE_QUOTA_MB = 1
    session = lesson.session
    BoardSnapshot.objects.create(session=session, state=bytes(500_000))
    BoardUpdate.objects.create(session=session, data=bytes(400_000))
    BoardVersion.objects.create(session=session, state=b"", packed=bytes(900_000))
    assert upload(api(student), url, large_picture(100_000)).status_code == 201
    response = upload(api(student), url, large_picture(100_000))
    assert (response.status_code, response.json()["error"]) == (507, "storage_full")


def test_upload_to_full_disk_is_refused_with_507(api, url, student, monkeypatch, tmp_path):
    usage = SimpleNamespace(free=MIN_FREE_BYTES)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    response = upload(api(student), url)
    assert (response.status_code, response.json()["error"]) == (507, "storage_full")
    assert files_in(tmp_path) == []


def test_disk_full_while_writing_is_answered_with_507(api, url, student, monkeypatch):
    def save(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("django.core.files.storage.FileSystemStorage.save", save)
    response = upload(api(student), url)
    assert (response.status_code, response.json()["error"]) == (507, "storage_full")
    assert not BoardFile.objects.exists()


def test_uploads_are_throttled_per_person_and_minute(api, url, tutor, student, monkeypatch):
    monkeypatch.setattr("apps.classroom.upload_limits.BYTES_PER_WINDOW", 2_000_000)
    monkeypatch.setattr("apps.classroom.upload_limits.MIN_CHARGE", 100_000)
    monkeypatch.setattr("time.time", lambda: 1_800_000_010.0)
    assert upload(api(student), url, large_picture(1_950_000)).status_code == 201
    response = upload(api(student), url)
    assert (response.status_code, response.json()["error"]) == (429, "throttled")
    assert 0 < int(response["Retry-After"]) <= 60
    assert upload(api(tutor), url).status_code == 201
    monkeypatch.setattr("time.time", lambda: 1_800_000_070.0)
    assert upload(api(student), url).status_code == 201


@pytest.mark.parametrize("body", [{}, {"file": "text"}])
def test_missing_file_is_a_validation_error(api, url, student, body):
    response = api(student).post(url, body, format="multipart")
    assert (response.status_code, response.json()["error"]) == (400, "validation_error")
    assert set(response.json()["fields"]) == {"file"}


def test_upload_beyond_picture_count_is_refused(api, url, student, monkeypatch):
    monkeypatch.setattr("apps.classroom.files.MAX_FILES", 1)
    assert upload(api(student), url).status_code == 201
    assert upload(api(student), url).status_code == 400


def test_people_without_access_cannot_read_or_upload(api, url, student, stranger, other_tutor):
    file = upload(api(student), url).json()
    for user, status in ((stranger, 403), (other_tutor, 403), (None, 401)):
        assert api(user).get(file["url"]).status_code == status
        assert upload(api(user), url).status_code == status


def test_guest_can_read_and_upload_once_admitted(api, url, student, lesson):
    from django.utils import timezone

    file = upload(api(student), url).json()
    guest = api(None)
    body = {"invite": make_invite(lesson=lesson, now=timezone.now()).token, "name": "Гість"}
    join = url.replace("/files/", "/join/")
    assert guest.post(join, body, format="json").status_code == 200
    assert guest.get(file["url"]).status_code == 403
    (known,) = guest.session["guest_in_rooms"].values()
    RoomAdmission.objects.create(session=lesson.session, person=known[0])
    assert guest.get(file["url"]).status_code == 200
    assert upload(guest, url).status_code == 201
    revoke_invites(lesson_id=lesson.pk)
    assert guest.get(file["url"]).status_code == 400


def test_file_of_another_room_is_not_found(api, url, tutor, student):
    other = make_lesson(tutor, student, NOON + 24 * HOUR)
    file = upload(api(student), f"/api/classroom/sessions/{other.session.uuid}/files/").json()
    assert api(student).get(f"{url}{file['id']}/").status_code == 404


def test_picture_of_cancelled_lesson_is_readable(api, url, tutor, student, lesson):
    file = upload(api(student), url).json()
    api(tutor).post(f"/api/lessons/{lesson.pk}/cancel/")
    assert api(student).get(file["url"]).status_code == 200


def test_uploaded_name_is_not_stored(api, url, student, tmp_path):
    upload(api(student), url, name="../../evil.png")
    (stored,) = files_in(tmp_path)
    assert stored.name == str(BoardFile.objects.get().uuid)
