"""Every periodic job, in one list: apps/common/worker.py runs them in the serving processes."""

from django.conf import settings

from apps.common import mail_queue
from apps.common.worker import Job

JOBS: list[Job] = []
if settings.EMAIL_URL:
    JOBS.append(Job(mail_queue.JOB, every=mail_queue.EVERY, run=mail_queue.send_queued))
