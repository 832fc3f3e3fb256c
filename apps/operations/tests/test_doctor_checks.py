"""What `kreida doctor` says of the machine and of what Kreida needs."""

import os
from datetime import UTC, datetime, timedelta

import pytest
from django.core.mail import EmailMessage
from django.utils import timezone

from apps.common import mail_queue
from apps.common.models import MailMessage, PeriodicJob
from apps.operations.backup.rotation import backup_name
from apps.operations.doctor import machine, services
from apps.operations.doctor.report import Status, as_json, failed, ok, warning
from apps.operations.doctor.secrets import check_secrets, is_weak
from tests.server import free_port
from tests.smtp import SmtpServer

pytestmark = pytest.mark.django_db
STRONG = "q8Zr2LxV0nTb5Wm7Kc1PdHs4Yj6Fg9AeUoIiBvCtNyMwXz3RkEhS"


@pytest.fixture(autouse=True)
def place(settings, tmp_path):
    tmp_path.chmod(0o700)
    settings.DATA_DIR, settings.BACKUP_DIR = tmp_path, tmp_path / "backups"
    settings.SECRET_KEY = STRONG


@pytest.mark.parametrize("secret", ["", "short", "a" * 60, "CHANGE-ME-0123456789", "ab" * 30])
def test_weak_secret_is_recognised(secret):
    assert is_weak(secret)


def test_strong_secrets_pass(settings):
    settings.TURN_SECRET = STRONG
    assert [result.status for result in check_secrets()] == [Status.OK]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SECRET_KEY", "ab" * 30, "SECRET_KEY can be guessed"),
        ("TURN_SECRET", "CHANGE-ME" * 3, "TURN_SECRET can be guessed"),
        ("REDIS_URL", "redis://redis.example:6379/0", "password of REDIS_URL is missing"),
    ],
)
def test_weak_secret_fails_its_check(settings, name, value, said):
    setattr(settings, name, value)
    [result] = check_secrets()
    assert result.status == Status.FAILED
    assert said in result.detail


def test_readable_key_file_fails(tmp_path):
    (tmp_path / "secret_key").write_text(STRONG)
    (tmp_path / "secret_key").chmod(0o644)
    [result] = check_secrets()
    assert f"chmod 600 {tmp_path / 'secret_key'}" in result.detail


def test_data_dir_that_others_can_open_fails(tmp_path):
    assert machine.check_data_dir()[0].status == Status.OK
    tmp_path.chmod(0o750)
    assert f"chmod 700 {tmp_path}" in machine.check_data_dir()[0].detail


def test_full_disk_fails(monkeypatch, tmp_path):
    monkeypatch.setattr("apps.common.health.MIN_FREE_BYTES", 2**63)
    [result] = machine.check_data_dir()
    assert result.status == Status.FAILED
    assert "Free space" in result.detail


def test_data_dir_of_another_user_fails(monkeypatch):
    uid = os.geteuid()
    monkeypatch.setattr("os.geteuid", lambda: uid + 1)
    assert "Run `kreida` as that user" in machine.check_data_dir()[0].detail


@pytest.mark.postgres
def test_clock_that_differs_from_the_databases_fails():
    [result] = machine.check_clock(timezone.now() - timedelta(seconds=90))
    assert result.status == Status.FAILED
    assert "+90 s" in result.detail


def test_clock_that_nothing_sets_is_a_warning(monkeypatch):
    monkeypatch.setattr(machine, "_is_synchronised", lambda: False)
    assert machine.check_clock(timezone.now())[0].status == Status.WARNING
    monkeypatch.setattr(machine, "_is_synchronised", lambda: True)
    assert machine.check_clock(timezone.now())[0].status == Status.OK


def test_old_time_zone_rules_are_a_warning():
    year = int(machine.tzdata_version()[:4])
    for later, status in ((1, Status.OK), (2, Status.WARNING)):
        [result] = machine.check_tzdata(datetime(year + later, 6, 1, tzinfo=UTC))
        assert result.status == status


@pytest.mark.any_database
def test_redis_that_is_away_fails(settings):
    assert services.check_redis_state()[0].status == Status.OK
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    [result] = services.check_redis_state()
    assert result.status == Status.FAILED
    assert "Start Redis" in result.detail


def test_migrated_database_passes():
    assert services.check_database_state()[0].status == Status.OK


def test_missing_migrations_fail(monkeypatch):
    monkeypatch.setattr(services, "pending_migrations", lambda: ["lessons.0001"])
    assert "Run `kreida upgrade`" in services.check_database_state()[0].detail


def test_database_of_a_newer_release_fails(monkeypatch):
    monkeypatch.setattr(services, "newer_migrations", lambda: ["lessons.9999"])
    assert "lessons.9999" in services.check_database_state()[0].detail


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("THROTTLING", False, "THROTTLING is off"),
        ("PUBLIC_URL", "http://kreida.example", "browsers allow no camera"),
    ],
)
def test_unsafe_setting_fails(settings, name, value, said):
    settings.THROTTLING = True
    setattr(settings, name, value)
    found = [result for result in services.check_settings() if said in result.detail]
    assert [result.status for result in found] == [Status.FAILED]


@pytest.fixture
def smtp(settings):
    server = SmtpServer()
    settings.EMAIL_URL = server.url
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.MAIL_TRANSPORT = "apps.common.smtp.SmtpTransport"
    yield server
    server.stop()


def test_mail_is_really_sent(smtp):
    [result] = services.check_mail(timezone.now(), "boss@school.example")
    assert result.status == Status.OK, result
    assert [message["To"] for message in smtp.messages] == ["boss@school.example"]


def test_mail_without_an_address_only_connects(smtp):
    assert services.check_mail(timezone.now(), "")[0].status == Status.OK
    assert (smtp.connections, smtp.messages) == (1, [])


def test_refused_mail_fails(smtp):
    smtp.recipient_code = 550
    [result] = services.check_mail(timezone.now(), "boss@school.example")
    assert result.status == Status.FAILED


def test_mail_server_that_is_away_fails(settings, smtp):
    settings.EMAIL_PORT = free_port()
    assert services.check_mail(timezone.now(), "")[0].status == Status.FAILED


def test_mail_that_waits_is_a_warning(smtp):
    mail_queue.QueueBackend().send_messages([EmailMessage("a", to=["a@b.example"])])
    MailMessage.objects.update(created_at=timezone.now() - timedelta(hours=2))
    [result] = services.check_mail(timezone.now(), "")
    assert result.status == Status.WARNING
    assert result.detail.startswith("1 messages wait")


def test_mail_without_a_server_is_a_warning_and_cannot_be_sent(settings):
    settings.EMAIL_URL = ""
    assert services.check_mail(timezone.now(), "")[0].status == Status.WARNING
    assert services.check_mail(timezone.now(), "a@b.example")[0].status == Status.FAILED


def test_worker_fails_when_it_is_late_or_has_never_run():
    now = timezone.now()
    assert "never run" in services.check_worker(now)[0].detail
    job = PeriodicJob.objects.create(name=services.WORKER_JOB, due_at=now)
    assert services.check_worker(now)[0].status == Status.OK
    [late] = services.check_worker(now + timedelta(minutes=20))
    assert (late.status, "for 20 minutes" in late.detail) == (Status.FAILED, True)
    job.has_failed = True
    job.save()
    assert services.check_worker(now)[0].status == Status.WARNING


def test_backup_fails_when_it_is_old_or_missing(settings):
    now = timezone.now()
    assert "Run `kreida backup`" in services.check_backups(now)[0].detail
    settings.BACKUP_DIR.mkdir()
    (settings.BACKUP_DIR / backup_name(now)).touch()
    assert services.check_backups(now)[0].status == Status.OK
    [old] = services.check_backups(now + timedelta(hours=50))
    assert "50 hours old" in old.detail


def test_worst_status_is_that_of_the_report():
    results = [ok("a", ""), warning("b", ""), failed("c", "")]
    assert [as_json(results[:n])["status"] for n in (1, 2, 3)] == ["ok", "warning", "failed"]
