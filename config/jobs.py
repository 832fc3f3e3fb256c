"""The list of periodic jobs, which apps/common/worker.py runs in the serving processes."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from functools import partial

from django.conf import settings

from apps.accounts.cleanup import delete_expired_sessions
from apps.accounts.notifications import telegram_links
from apps.accounts.notifications.subscriptions import delete_dead_subscriptions
from apps.billing.charges import charge_all
from apps.billing.packs import expire_all
from apps.billing.payments.bank.lines import delete_old_files
from apps.billing.payments.cards import payments as cards
from apps.billing.statements.warnings import warn_last_lessons
from apps.booking import first_lessons
from apps.booking.calendars.background import refresh_in_background
from apps.booking.holds import delete_expired
from apps.booking.requests import lapse_requests
from apps.classroom.cleanup import (
    close_abandoned_attendance,
    delete_orphaned_files,
    delete_unused_authors,
)
from apps.classroom.retention import remove_old
from apps.classroom.versions import thin_out_all
from apps.common import mail_history, mail_queue
from apps.common.cleanup import delete_abandoned_uploads
from apps.common.mail import Kind
from apps.common.models import DailyLimit, ErrorCount
from apps.common.worker import Job
from apps.lessons.reminders import delivery, jobs
from apps.lessons.reminders.mails import compose_reminder
from apps.lessons.series.announcements import announce_local_times
from apps.lessons.series.horizon import extend_open_series
from apps.lessons.series.undo import delete_old_changes
from apps.lessons.zone_changes import check_zones
from apps.web.personal_data.erase import erase_due

NIGHT = time(2)  # UTC
# What writes deferred mail at the moment at which it is sent.
send_mail = partial(mail_queue.send_queued, composers={Kind.REMINDER: compose_reminder})


def nightly(name: str, run: Callable[[datetime], object]) -> Job:
    return Job(name, every=timedelta(days=1), run=run, at=NIGHT)


MAINTENANCE = [
    nightly("expired sessions", delete_expired_sessions),
    nightly("push subscriptions", delete_dead_subscriptions),
    nightly("orphaned files", delete_orphaned_files),
    nightly("abandoned uploads", delete_abandoned_uploads),
    nightly("daily limits", DailyLimit.delete_old),
    Job("erasures", every=timedelta(hours=1), run=erase_due),
    nightly("retention", remove_old),
    nightly("error counts", ErrorCount.delete_old),
    nightly("board versions", thin_out_all),
    nightly("board authors", delete_unused_authors),
    nightly("abandoned attendance", close_abandoned_attendance),
    nightly("old reminders", delivery.delete_old),
    nightly("lesson series", extend_open_series),
    nightly("lesson changes", delete_old_changes),
    nightly("local times", announce_local_times),
    Job("lesson requests", every=timedelta(minutes=1), run=lapse_requests),
    Job("external calendars", every=timedelta(minutes=1), run=refresh_in_background),
    Job("charges", every=timedelta(minutes=10), run=charge_all),
    Job("pack expiry", every=timedelta(hours=1), run=expire_all),
    Job("time zones", every=timedelta(hours=1), run=check_zones),
    nightly("held slots", delete_expired),
    Job("first lessons", every=timedelta(hours=1), run=first_lessons.delete_old),
    nightly("mail leftovers", mail_history.delete_old),
    nightly("bank statements", delete_old_files),
    Job("packs that end", every=timedelta(hours=1), run=warn_last_lessons),
]
# What `manage.py work` runs too: jobs that need nothing of a serving process.
DELIVERY = [Job(delivery.JOB_NAME, every=jobs.INTERVAL, run=jobs.remind)]
if settings.EMAIL_URL:
    DELIVERY.append(Job(mail_queue.JOB_NAME, every=mail_queue.INTERVAL, run=send_mail))
if settings.MONOBANK_TOKEN:
    MAINTENANCE.append(Job(cards.JOB_NAME, every=cards.INTERVAL, run=cards.check_pending))
if settings.TELEGRAM_BOT_TOKEN:
    every = telegram_links.INTERVAL
    MAINTENANCE.append(Job(telegram_links.JOB_NAME, every=every, run=telegram_links.poll))
JOBS = [*MAINTENANCE, *DELIVERY]
