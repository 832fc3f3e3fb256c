"""Simultaneous uploads of one tutor's students."""

from functools import partial

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.classroom import upload_limits
from apps.classroom.models import BoardFile
from apps.classroom.tests.pictures import large_picture
from apps.lessons.models import Lesson
from tests.builders import HOUR, NOON, make_lesson
from tests.races.simultaneous import repeat_until, run_simultaneously, statuses

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def upload_three(api, tutor, student, settings, tmp_path):
    """Upload three pictures at once, each nearly as large as the tutor's quota."""
    settings.MEDIA_ROOT, settings.STORAGE_QUOTA_MB = tmp_path, 1
    body = large_picture(900_000)

    def post_to(room):
        file = SimpleUploadedFile("x.png", body, "image/png")
        path = f"/api/classroom/sessions/{room}/files/"
        return api(student).post(path, {"file": file}, format="multipart")

    def upload_simultaneously():
        BoardFile.objects.all().delete()
        Lesson.objects.all().delete()
        lessons = [make_lesson(tutor, student, NOON + n * 2 * HOUR) for n in range(3)]
        calls = [partial(post_to, lesson.session.uuid) for lesson in lessons]
        return statuses(run_simultaneously(*calls))

    return upload_simultaneously


def test_simultaneous_uploads_never_exceed_the_quota(upload_three, tmp_path):
    assert upload_three() == {201: 1, 507: 2}
    assert BoardFile.objects.count() == 1
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_control_without_the_lock_uploads_exceed_the_quota(upload_three, monkeypatch):
    monkeypatch.setattr(upload_limits, "_lock_tutor", lambda _id: None)
    repeat_until(lambda: upload_three()[201] > 1)
