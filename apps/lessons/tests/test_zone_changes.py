"""Tutors are mailed when new time zone rules change local times of lessons."""

import shutil
import zoneinfo
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.core.management import call_command

from apps.lessons.models import Lesson, ZoneRules
from apps.lessons.zone_changes import check_zones
from tests.builders import HOUR, make_lesson, make_user, without_year

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SUMMER = datetime(2026, 7, 1, 12, tzinfo=UTC)
WINTER = datetime(2026, 12, 1, 12, tzinfo=UTC)
HOUR_LATER = NOW + HOUR


@pytest.fixture
def tz_files(tmp_path, settings):
    """A copy of the system's tz files in which tests replace zones."""
    settings.EMAIL_URL = "smtp://mail.example"
    before = zoneinfo.TZPATH
    source = next(Path(path) for path in before if (Path(path) / "Europe/Kyiv").exists())
    for folder in ("Europe", "Africa"):
        shutil.copytree(source / folder, tmp_path / folder)
    zoneinfo.reset_tzpath([tmp_path])
    zoneinfo.ZoneInfo.clear_cache()
    yield tmp_path
    zoneinfo.reset_tzpath(before)
    zoneinfo.ZoneInfo.clear_cache()


def abolish_summer_time(tz_files):
    """Give Kyiv the rules of Tripoli, which is at UTC+2 all year."""
    shutil.copy(tz_files / "Africa/Tripoli", tz_files / "Europe/Kyiv")


@pytest.fixture
def tutor(db):
    return make_user("tutor", "Тарас", "Вчитель", timezone="Europe/Kyiv", locale="en")


@pytest.fixture
def student(db):
    return make_user("student", "Олена", "Коваль", timezone="Europe/Warsaw")


def test_tutor_is_mailed_once_about_changed_local_time(tz_files, tutor, student):
    moved = make_lesson(tutor, student, SUMMER)
    kept = make_lesson(tutor, student, WINTER)
    assert check_zones(NOW) == 0
    abolish_summer_time(tz_files)
    assert check_zones(HOUR_LATER) == 1
    [message] = mail.outbox
    assert message.to == [tutor.email]
    assert message.subject == "A time zone has new rules: 1 lesson is at another local time"
    assert "Тарас Вчитель: Wednesday, 1 July, 15:00 → 14:00" in without_year(message.body)
    assert f"/lessons/{moved.pk}/" in message.body
    assert f"/lessons/{kept.pk}/" not in message.body
    assert check_zones(HOUR_LATER + HOUR) == 0
    assert len(mail.outbox) == 1


def test_change_of_students_zone_is_mailed_in_tutors_language(tz_files, student):
    tutor = make_user("tutor", timezone="Europe/Warsaw", locale="uk")
    student.timezone = "Europe/Kyiv"
    student.save()
    make_lesson(tutor, student, SUMMER)
    check_zones(NOW)
    abolish_summer_time(tz_files)
    assert check_zones(HOUR_LATER) == 1
    [message] = mail.outbox
    assert message.to == [tutor.email]
    assert "Олена Коваль: середа, 1 липня, 15:00 → 14:00 (Київ)" in without_year(message.body)
    assert "пояс" in message.subject


def test_unchanged_rules_send_no_mail(tz_files, tutor, student):
    make_lesson(tutor, student, SUMMER)
    for days in (0, 1, 40, 100):
        assert check_zones(NOW + timedelta(days=days)) == 0
    assert mail.outbox == []
    assert ZoneRules.objects.get(zone="Europe/Kyiv").recorded_at == NOW + timedelta(days=100)


def test_past_and_cancelled_lessons_are_not_mailed(tz_files, tutor, student):
    cancelled = make_lesson(tutor, student, SUMMER)
    make_lesson(tutor, student, SUMMER + 2 * HOUR)
    check_zones(NOW)
    Lesson.objects.filter(pk=cancelled.pk).update(status="cancelled")
    abolish_summer_time(tz_files)
    assert check_zones(SUMMER + 3 * HOUR) == 0
    assert mail.outbox == []


def test_local_time_on_another_day_has_its_date(tz_files, tutor, student):
    make_lesson(tutor, student, SUMMER.replace(hour=21, minute=30))
    check_zones(NOW)
    abolish_summer_time(tz_files)
    check_zones(HOUR_LATER)
    body = without_year(mail.outbox[0].body)
    assert "Thursday, 2 July, 00:30 → Wednesday, 1 July, 23:30 (Kyiv)" in body


def test_many_lessons_are_listed_in_one_bounded_mail(tz_files, tutor, student, log_lines):
    for day in range(60):
        make_lesson(tutor, student, SUMMER + timedelta(days=day))
    check_zones(NOW)
    abolish_summer_time(tz_files)
    assert check_zones(HOUR_LATER) == 60
    [message] = mail.outbox
    assert message.body.count("/lessons/") == 50
    assert [line["lessons"] for line in log_lines() if "zones" in line] == [60]


def test_record_of_unused_zone_is_deleted(tz_files, tutor, student):
    make_lesson(tutor, student, SUMMER)
    check_zones(NOW)
    assert ZoneRules.objects.count() == 2
    check_zones(SUMMER + HOUR)
    assert not ZoneRules.objects.exists()


def test_command_prints_the_number_of_lessons(tz_files, tutor, student, capsys):
    make_lesson(tutor, student, datetime.now(UTC).replace(month=7, day=1) + timedelta(days=366))
    call_command("check_zones")
    abolish_summer_time(tz_files)
    call_command("check_zones")
    assert capsys.readouterr().out.splitlines()[1].endswith(": 1")


def test_query_count_does_not_grow_with_lessons(
    tz_files, tutor, student, django_assert_max_num_queries
):
    for day in range(20):
        make_lesson(tutor, student, SUMMER + timedelta(days=day))
    check_zones(NOW)
    with django_assert_max_num_queries(8):
        check_zones(HOUR_LATER)
