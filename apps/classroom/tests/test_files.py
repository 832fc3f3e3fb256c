"""Pictures on the board: what may be put there, and who may see them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.classroom.models import BoardFile, RoomAdmission
from apps.lessons.invites import make_invite

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
PICTURES = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0" + b"\x00" * 40,
    "image/gif": b"GIF89a" + b"\x00" * 40,
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 " + b"\x00" * 40,
}


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
def test_a_picture_is_kept_and_served_as_what_it_is(api, url, tutor, student, kind):
    answer = upload(api(student), url, PICTURES[kind], "photo.txt", "text/plain")
    assert answer.status_code == 201, answer.content
    file = answer.json()
    assert (file["mime_type"], file["size"]) == (kind, len(PICTURES[kind]))
    served = api(tutor).get(file["url"])
    assert b"".join(served.streaming_content) == PICTURES[kind]
    assert served["Content-Type"] == kind
    assert served["X-Content-Type-Options"] == "nosniff"
    assert served["Cache-Control"] == "private, max-age=31536000, immutable"
    assert served["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    "body",
    [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", b"<html>", b"MZ", b"RIFF1234WAVE"],
)
def test_anything_else_is_refused_whatever_it_calls_itself(api, url, student, body):
    answer = upload(api(student), url, body)
    assert (answer.status_code, answer.json()["error"]) == (415, "unsupported_media_type")
    assert not BoardFile.objects.exists()


def test_ten_mebibytes_and_no_more(api, url, student):
    size = 10 * 1024 * 1024
    assert upload(api(student), url, PNG + b"\x00" * (size - len(PNG))).status_code == 201
    answer = upload(api(student), url, PNG + b"\x00" * (size - len(PNG) + 1))
    assert (answer.status_code, answer.json()["error"]) == (413, "payload_too_large")


@pytest.mark.parametrize("body", [{}, {"file": "text"}])
def test_no_file_is_a_validation_error(api, url, student, body):
    answer = api(student).post(url, body, format="multipart")
    assert (answer.status_code, answer.json()["error"]) == (400, "validation_error")
    assert set(answer.json()["fields"]) == {"file"}


def test_a_room_holds_so_many_pictures(api, url, student, monkeypatch):
    monkeypatch.setattr("apps.classroom.files.MAX_FILES", 1)
    assert upload(api(student), url).status_code == 201
    assert upload(api(student), url).status_code == 400


def test_only_those_who_may_enter_see_or_put_any(api, url, student, stranger, other_tutor):
    file = upload(api(student), url).json()
    for user, status in ((stranger, 403), (other_tutor, 403), (None, 401)):
        assert api(user).get(file["url"]).status_code == status
        assert upload(api(user), url).status_code == status


def test_a_guest_sees_them_once_admitted(api, url, student, lesson):
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
    lesson.revoke_invites()
    assert guest.get(file["url"]).status_code == 400


def test_another_rooms_file_is_not_there(api, url, tutor, student):
    from datetime import timedelta

    from conftest import NOON, make_lesson

    other = make_lesson(tutor, student, NOON + timedelta(days=1))
    file = upload(api(student), f"/api/classroom/sessions/{other.session.uuid}/files/").json()
    assert api(student).get(f"{url}{file['id']}/").status_code == 404


def test_it_is_still_there_when_the_lesson_is_cancelled(api, url, tutor, student, lesson):
    file = upload(api(student), url).json()
    api(tutor).post(f"/api/lessons/{lesson.pk}/cancel/")
    assert api(student).get(file["url"]).status_code == 200


def test_the_uploaded_name_reaches_no_disk(api, url, student, tmp_path):
    upload(api(student), url, name="../../evil.png")
    (kept,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert kept.name == str(BoardFile.objects.get().uuid)
