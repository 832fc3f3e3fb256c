"""Tests of the overview on the admin's first page."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.files.base import ContentFile
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.classroom.models import Attendance, BoardFile
from apps.classrooms.models import Classroom, StudentCard
from apps.common import mail_history, mail_queue
from apps.common.models import ErrorCount, MailMessage, PeriodicJob
from apps.common.supervisor import set_failing
from apps.lessons.models import Lesson
from apps.web.administration.overview import JOB_NAMES, WEEKS, load_overview
from config.jobs import JOBS
from tests.builders import HOUR, make_lesson, make_user

pytestmark = pytest.mark.django_db
# A Wednesday; 00:30 in Kyiv is 22:30 UTC of the day before.
NOW = datetime(2026, 3, 4, 0, 30, tzinfo=ZoneInfo("Europe/Kyiv"))


def test_days_and_weeks_are_those_of_the_reader(classroom, tutor, student):
    monday = NOW - timedelta(days=2, minutes=30)
    for start in (monday - HOUR, monday, NOW - HOUR, NOW, NOW + timedelta(days=5)):
        make_lesson(tutor, student, start)
    make_lesson(tutor, student, NOW + 3 * HOUR, status="cancelled")
    assert load_overview(NOW).lessons == {"today": 1, "this_week": 3}


def test_sign_ups_are_counted_by_week_without_placeholders(tutor, student):
    tutor.date_joined, student.date_joined = NOW, NOW - timedelta(days=2, hours=1)
    tutor.save(), student.save()
    make_user("student", date_joined=NOW - timedelta(weeks=WEEKS))
    counted = load_overview(NOW).sign_ups
    assert len(counted) == WEEKS
    assert counted[0] == (NOW.date() - timedelta(days=2), 1)
    assert [number for _monday, number in counted] == [1, 1, *[0] * (WEEKS - 2)]


def test_rooms_with_people_in_them_are_open(lesson, student):
    peer = {"session": lesson.session, "name": "О", "role": "student"}
    for number, seen in enumerate((NOW, NOW, NOW - HOUR)):
        Attendance.objects.create(
            peer=f"{number:032}", person=str(number), joined_at=NOW - HOUR, seen_at=seen, **peer
        )
    assert load_overview(NOW).open_rooms == 1


def test_disk_is_measured_by_kind(lesson):
    BoardFile.objects.create(
        session=lesson.session, file=ContentFile(b"x", "x"), size=7, mime_type="image/png"
    )
    disk = load_overview(NOW).disk
    assert disk["pictures"] == 7
    assert disk["database"] > 0
    assert disk["free"] > 0


def test_mail_that_failed_or_was_given_up_is_counted(settings):
    settings.EMAIL_URL = "smtp://mail.example"
    mail_queue.QueueBackend().send_messages([EmailMessage("a", to=["a@b.example"])] * 3)
    waiting = list(MailMessage.objects.all())
    now = timezone.now()
    MailMessage.objects.filter(pk=waiting[0].pk).update(attempts=1, reason="timed out")
    old = {"created_at": now - timedelta(days=5), "expires_at": now}
    MailMessage.objects.filter(pk=waiting[1].pk).update(**old)
    mail_history.expire(now)
    assert load_overview(now).mail == {"waiting": 2, "failed": 1, "given_up": 1}


def test_last_backup_and_errors_are_told(settings, tmp_path):
    settings.BACKUP_DIR = tmp_path / "none"
    assert (load_overview(NOW).errors, load_overview(NOW).last_backup) == (0, None)
    settings.BACKUP_DIR = tmp_path
    for day in (1, 2):
        (tmp_path / f"kreida-2026030{day}T010004Z.zip").touch()
    ErrorCount.add({"kreida.mail": 3}, NOW)
    overview = load_overview(NOW)
    assert overview.errors == 3
    assert overview.last_backup == datetime(2026, 3, 2, 1, 0, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("locale", "job"), [("uk", "прострочені сеанси"), ("en", "expired sessions")]
)
def test_page_shows_failing_tasks_and_bounded_queries(
    browser, lesson, locale, job, django_assert_max_num_queries
):
    boss = make_user("tutor", is_staff=True, is_superuser=True)
    PeriodicJob.objects.create(name="expired sessions", due_at=NOW, has_failed=True)
    set_failing("room bus", True)
    client = browser(boss, locale)
    try:
        with django_assert_max_num_queries(18):
            page = client.get("/admin/").content.decode()
    finally:
        set_failing("room bus", False)
    assert '<tr class="failing"><th scope="row">room bus</th>' in page
    assert f'<tr class="failing"><th scope="row">{job}</th>' in page


def test_overview_is_for_staff_only(browser, tutor, staff):
    assert browser(tutor).get("/admin/").status_code == 302
    assert b"overview" in browser(staff).get("/admin/").content


def test_every_background_task_has_a_name_to_translate():
    assert {job.name for job in JOBS} <= set(JOB_NAMES)


COUNT_AND_NAME = re.compile(r"\d+ (люд|урок|клас|участь|картк)")


@pytest.mark.parametrize("model", [User, Lesson, Classroom, StudentCard])
def test_ukrainian_sentences_do_not_decline_the_names_of_models(browser, lesson, model):
    boss = make_user("tutor", is_staff=True, is_superuser=True)
    client = browser(boss, "uk")
    address = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    page = client.get(reverse(f"{address}_changelist")).content.decode()
    assert "Усього: " in page
    assert not COUNT_AND_NAME.search(page)
    row = model.objects.first()
    if row is not None:
        question = client.get(reverse(f"{address}_delete", args=[row.pk])).content.decode()
        assert re.search("Видалити назавжди: |Не можна видалити: ", question)
