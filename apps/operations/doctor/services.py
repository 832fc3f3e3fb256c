"""Checks of what Kreida needs: settings, database, Redis, mail, the worker and backups."""

import smtplib
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import DatabaseError, connection

from apps.common.health import check_database, check_redis
from apps.common.mail_history import count_not_sent
from apps.common.models import MailMessage, PeriodicJob
from apps.common.releases import newer_migrations, pending_migrations
from apps.common.version import VERSION
from apps.operations.backup import rotation
from apps.operations.doctor.report import Result, failed, ok, one_line, warning
from config.hosts import is_loopback
from config.jobs import JOBS

MIN_POSTGRESQL = 140000
WORKER_JOB = "reminders"  # due every minute, of every installation
MAX_WORKER_LAG = timedelta(minutes=5)
MAX_MAIL_AGE = timedelta(hours=1)
MAX_BACKUP_AGE = timedelta(hours=26)


def check_settings() -> list[Result]:
    found = [
        (failed if message.level >= checks.ERROR else warning)("settings", str(message.msg))
        for message in checks.run_checks(include_deployment_checks=True)
        if message.level >= checks.WARNING and not message.is_silenced()
    ]
    if is_loopback(urlsplit(settings.PUBLIC_URL).hostname or ""):
        text = "PUBLIC_URL names this machine: nobody else can open it. Set it to your address."
        found.append(warning("settings", text))
    elif not settings.HTTPS:
        text = "PUBLIC_URL is not https: browsers allow no camera or microphone. Use TLS."
        found.append(failed("settings", text))
    if not settings.THROTTLING:
        found.append(failed("settings", "THROTTLING is off: passwords can be tried. Unset it."))
    return found or [ok("settings", f"Kreida {VERSION} at {settings.PUBLIC_URL}")]


def check_database_state() -> list[Result]:
    try:
        check_database()
        newer, pending = newer_migrations(), pending_migrations()
        detail, problem = _sqlite() if connection.vendor == "sqlite" else _postgresql()
    except DatabaseError as exc:
        return [failed("database", f"{one_line(exc)}. Check DATABASE_URL and the database.")]
    if newer:
        text = f"A newer release has migrated it: {newer[0]}. Install that release again."
        return [failed("database", text)]
    if pending:
        count = len(pending)
        return [failed("database", f"{count} migrations are missing. Run `kreida upgrade`.")]
    return [failed("database", problem)] if problem else [ok("database", detail)]


def _sqlite() -> tuple[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA quick_check(1)")
        found = str(cursor.fetchone()[0])
        cursor.execute("SELECT sqlite_version()")
        version = cursor.fetchone()[0]
    damage = "" if found == "ok" else f"The file is damaged: {found}. Restore a backup."
    return f"SQLite {version}, migrated and whole", damage


def _postgresql() -> tuple[str, str]:
    connection.ensure_connection()
    version = connection.connection.info.server_version
    old = f"PostgreSQL {version // 10000} is too old. Install 14 or newer."
    return f"PostgreSQL {version // 10000}, migrated", old if version < MIN_POSTGRESQL else ""


def check_redis_state() -> list[Result]:
    if not settings.REDIS_URL:
        return [ok("redis", "not used: one process serves")]
    try:
        check_redis()
    except OSError as exc:
        text = f"{one_line(exc.__cause__ or exc)}. Start Redis, or mend REDIS_URL."
        return [failed("redis", text)]
    return [ok("redis", "answers")]


def check_mail(now: datetime, recipient: str) -> list[Result]:
    """Send a message to `recipient`, or only connect if there is none."""
    if not settings.EMAIL_URL:
        if recipient:
            return [failed("mail", "No mail can be sent: set EMAIL_URL.")]
        return [warning("mail", "No mail is sent. Set EMAIL_URL for invitations and reminders.")]
    transport = get_connection(settings.MAIL_TRANSPORT)
    try:
        transport.open()
        if recipient:
            _send_message(recipient, transport)
        transport.close()
    except (OSError, smtplib.SMTPException) as exc:
        return [failed("mail", f"{one_line(exc)}. Check EMAIL_URL and the mail server.")]
    done = f"sent to {recipient}" if recipient else "connects; --mail-to ADDRESS sends a message"
    return _check_queue(now) or [ok("mail", done)]


def _send_message(recipient: str, transport: BaseEmailBackend) -> None:
    subject, text = "Kreida can send mail", f"`kreida doctor` at {settings.PUBLIC_URL}."
    EmailMessage(subject, text, to=[recipient], connection=transport).send()


def _check_queue(now: datetime) -> list[Result]:
    waiting = MailMessage.objects.filter(state=MailMessage.State.WAITING).exclude(recipient="")
    late = waiting.filter(created_at__lt=now - MAX_MAIL_AGE, payload__isnull=True).count()
    lost = count_not_sent(now)
    if late or lost:
        text = f"{late} messages wait for over an hour, {lost} were not sent since yesterday."
        return [warning("mail", f"{text} /admin/ says why, under E-mail messages.")]
    return []


def check_worker(now: datetime) -> list[Result]:
    known = {job.name for job in JOBS}  # rows stay of jobs that a setting has ended
    jobs = [job for job in PeriodicJob.objects.all() if job.name in known]
    row = next((job for job in jobs if job.name == WORKER_JOB), None)
    start = "Start Kreida, or look into its log."
    if row is None:
        return [failed("worker", f"It has never run on this database. {start}")]
    if row.due_at < now - MAX_WORKER_LAG:
        minutes = (now - row.due_at).total_seconds() / 60
        return [failed("worker", f"It has done nothing for {minutes:.0f} minutes. {start}")]
    broken = sorted(job.name for job in jobs if job.has_failed)
    if broken:
        names = ", ".join(broken)
        return [warning("worker", f"Failed at its last run: {names}. The log says why.")]
    return [ok("worker", f"{len(jobs)} tasks on time")]


def check_backups(now: datetime) -> list[Result]:
    folder = Path(settings.BACKUP_DIR)
    try:
        backups = rotation.list_backups(folder) if folder.is_dir() else []
    except OSError as exc:
        return [failed("backup", f"{folder} cannot be read: {exc.strerror}.")]
    if not backups:
        text = f"There is none in {folder}. Run `kreida backup`, and let a timer run it"
        return [failed("backup", f"{text} (deploy/kreida-backup.timer).")]
    hours = (now - rotation.made_at(backups[0])).total_seconds() / 3600
    if hours * 3600 > MAX_BACKUP_AGE.total_seconds():
        text = f"The last one is {hours:.0f} hours old. Run `kreida backup`, and look at its timer."
        return [failed("backup", text)]
    return [ok("backup", f"{backups[0].name}, {hours:.0f} hours old, {len(backups)} in all")]
