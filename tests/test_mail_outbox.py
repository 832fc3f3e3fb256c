"""A change of lessons and its mail are one commit: a process that dies after it loses no mail."""

import os
import subprocess
import sys

import pytest
from django.utils import timezone

from apps.classroom.tests.servers import database_url
from apps.common import mail_queue
from apps.common.models import MailMessage
from tests.builders import make_classroom, make_user
from tests.mail_catcher import MailCatcher
from tests.server import ROOT

pytestmark = pytest.mark.django_db(transaction=True)

TO_STUDENT = [
    "A lesson with Тарас Вчитель: ",
    "Your lesson with Тарас Вчитель has moved: ",
    "Your lesson with Тарас Вчитель was cancelled: ",
    "3 lessons with Тарас Вчитель were scheduled",
    "3 lessons with Тарас Вчитель have moved",
    "3 lessons with Тарас Вчитель were cancelled",
]
TO_OTHER = [
    "A lesson with Тарас Вчитель: ",
    "You no longer have a lesson with Тарас Вчитель: ",
    "3 lessons with Тарас Вчитель were scheduled",
    "You no longer have 3 lessons with Тарас Вчитель",
    "Тарас Вчитель has taken back the last change",
    "3 lessons with Тарас Вчитель were cancelled",
]


@pytest.fixture
def catcher(settings):
    caught = MailCatcher()
    settings.EMAIL_URL = caught.url
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", caught.port
    settings.MAIL_TRANSPORT = "apps.common.smtp.SmtpTransport"
    settings.EMAIL_BACKEND = "apps.common.mail_queue.QueueBackend"
    yield caught
    caught.stop()


def test_process_killed_after_each_commit_loses_no_mail(catcher, tutor, tmp_path):
    students = [make_user("student", locale="en") for _ in range(2)]
    make_classroom(tutor, *students)
    environment = {
        "DATABASE_URL": database_url(),
        "DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "EMAIL_URL": catcher.url,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.killed_process", *(str(p.pk) for p in (tutor, *students))],
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
    )
    assert done.returncode == 0
    assert set(MailMessage.objects.values_list("state", flat=True)) == {"waiting"}
    mail_queue.send_queued(timezone.now())
    for student, subjects in zip(students, (TO_STUDENT, TO_OTHER), strict=True):
        sent = [
            " ".join(each["Subject"].split())
            for each in catcher.messages
            if each["To"] == student.email
        ]
        assert len(sent) == len(subjects)
        for subject, start in zip(sent, subjects, strict=True):
            assert subject.startswith(start)
