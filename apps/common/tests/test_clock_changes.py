"""Jobs, mail and limits go on after a clock that was ahead has been corrected."""

from datetime import UTC, datetime, time, timedelta

import pytest

from apps.common import mail_queue
from apps.common.models import DailyLimit, MailMessage, PeriodicJob
from apps.common.worker import Job, Worker

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
AHEAD = NOW + timedelta(days=400)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(("every", "at"), [(30 * SECOND, None), (HOUR, None), (DAY, time(2))])
def test_job_runs_again_when_the_clock_is_put_right(every, at):
    runs = []
    worker = Worker([Job("count", every, runs.append, at)])
    worker.run_due(AHEAD)
    runs.clear()
    worker.run_due(NOW)
    worker.run_due(NOW)
    assert runs == [NOW]
    assert NOW < PeriodicJob.objects.get().due_at <= NOW + every


@pytest.mark.parametrize(("every", "at"), [(30 * SECOND, None), (DAY, time(12))])
def test_processes_whose_clocks_differ_by_seconds_run_a_job_once(every, at):
    runs = []
    worker = Worker([Job("count", every, runs.append, at)])
    worker.run_due(NOW - 2 * every)
    runs.clear()
    worker.run_due(NOW)
    worker.run_due(NOW - 5 * SECOND)
    assert runs == [NOW]


def test_mail_is_sent_when_the_clock_is_put_right(settings, mailoutbox):
    settings.MAIL_TRANSPORT = "django.core.mail.backends.locmem.EmailBackend"
    message = {"sender": "a@b.example", "recipient": "c@d.example", "content": b"Subject: x\n\n"}
    for at, try_at in ((AHEAD, AHEAD), (NOW, NOW + mail_queue.LONGEST_DELAY)):
        expires_at = at + 5 * DAY
        MailMessage.objects.create(**message, created_at=at, try_at=try_at, expires_at=expires_at)
    mail_queue.send_queued(NOW)
    waiting = MailMessage.objects.filter(state="waiting")
    assert [mail.created_at for mail in waiting] == [NOW]


def test_daily_limit_starts_again_when_the_clock_is_put_right():
    assert DailyLimit.use("mails", 1, AHEAD)
    assert DailyLimit.remaining("mails", 1, NOW) == 1
    assert DailyLimit.use("mails", 1, NOW)
    assert not DailyLimit.use("mails", 1, NOW)
    assert DailyLimit.retry_after("mails", NOW) <= 86_401


def test_daily_limit_is_kept_when_clocks_differ_by_seconds():
    assert DailyLimit.use("mails", 1, NOW + 5 * SECOND)
    assert not DailyLimit.use("mails", 1, NOW)
    assert DailyLimit.remaining("mails", 1, NOW) == 0


def test_limit_from_the_future_is_deleted_at_night():
    DailyLimit.use("ahead", 1, AHEAD)
    DailyLimit.use("today", 1, NOW)
    DailyLimit.delete_old(NOW)
    assert [limit.name for limit in DailyLimit.objects.all()] == ["today"]
