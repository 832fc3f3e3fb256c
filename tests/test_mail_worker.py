"""`manage.py work`, killed at every step of sending: no message arrives twice, and none is lost
without the administrator seeing it."""

import os
import random
import signal
import subprocess
import sys
from datetime import timedelta
from threading import Event, Lock

import pytest
from django.db import connection
from django.utils import timezone

from apps.common import mail, mail_queue
from apps.common.models import MailMessage, PeriodicJob
from tests.mail_catcher import STEPS, MailCatcher
from tests.server import ROOT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("mail_worker")]


@pytest.fixture
def catcher(settings):
    caught = MailCatcher()
    settings.EMAIL_URL = caught.url
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", caught.port
    settings.MAIL_TRANSPORT = "apps.common.smtp.SmtpTransport"
    settings.EMAIL_BACKEND = "apps.common.mail_queue.QueueBackend"
    yield caught
    caught.stop()


@pytest.fixture
def start_worker(catcher, tmp_path):
    """Return a function that starts a worker on the database of this test."""
    started = []

    def start():
        PeriodicJob.objects.update(due_at=timezone.now() - timedelta(minutes=1))
        process = subprocess.Popen(
            [sys.executable, "manage.py", "work"],
            cwd=ROOT,
            env={
                **os.environ,
                "DATA_DIR": str(tmp_path),
                "DATABASE_URL": database_url(),
                "EMAIL_URL": catcher.url,
            },
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait(20)


def database_url():
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    who = f"{found['USER']}:{found['PASSWORD']}@{found['HOST']}:{found['PORT']}"
    return f"postgres://{who}/{found['NAME']}"


def queue(number):
    for n in range(number):
        mail.send(to=f"p{n}@school.example", subject=f"Урок {n}", text="Завтра", kind="lesson")


def send_the_rest():
    """When the leases of dead processes are over."""
    for _run in range(3):
        mail_queue.send_queued(timezone.now() + timedelta(minutes=6))


@pytest.mark.parametrize("step", STEPS)
def test_message_arrives_once_when_the_worker_is_killed(catcher, start_worker, step):
    queue(1)
    reached, dead = Event(), Event()

    def wait_for_the_kill(now_at):
        if now_at == step and not dead.is_set():
            reached.set()
            dead.wait(20)

    catcher.on_step = wait_for_the_kill
    worker = start_worker()
    assert reached.wait(30)
    worker.send_signal(signal.SIGKILL)
    worker.wait(20)
    dead.set()
    send_the_rest()
    assert len(catcher.messages) == 1
    row = MailMessage.objects.get()
    assert row.state in {"accepted": ["uncertain"], "replied": ["sent", "uncertain"]}.get(
        step, ["sent"]
    )


def test_two_workers_killed_at_random_send_no_message_twice(catcher, start_worker):
    queue(60)
    chance, lock = random.Random(7), Lock()
    killed, idle = [], Event()
    workers = [start_worker(), start_worker()]

    def kill_one_at_times(step):
        with lock:
            if step != "connect" and chance.random() < 0.04 and len(killed) < 8:
                victim = chance.choice([each for each in workers if each.poll() is None])
                victim.kill()
                victim.wait(20)
                killed.append(victim)
                idle.set()
            if len(catcher.messages) == 60:
                idle.set()

    catcher.on_step = kill_one_at_times
    while len(killed) < 8 and idle.wait(30):
        idle.clear()
        with lock:
            workers[:] = [each if each.poll() is None else start_worker() for each in workers]
        if len(catcher.messages) >= 50:
            break
    for worker in workers:
        worker.kill()
        worker.wait(20)
    catcher.on_step = lambda _step: None
    send_the_rest()
    subjects = [message["Subject"] for message in catcher.messages]
    assert len(killed) >= 4
    assert len(subjects) == len(set(subjects))
    rows = {row.subject: row.state for row in MailMessage.objects.all()}
    assert set(rows.values()) <= {"sent", "uncertain"}
    assert {subject for subject, state in rows.items() if state == "sent"} <= set(subjects)
    assert list(rows.values()).count("uncertain") <= len(killed) + 2


def test_worker_that_is_stopped_ends_the_message_that_it_is_sending(catcher, start_worker):
    queue(3)
    reached, signalled = Event(), Event()

    def wait_for_the_signal(step):
        if step == "accepted":
            reached.set()
            signalled.wait(20)

    catcher.on_step = wait_for_the_signal
    worker = start_worker()
    assert reached.wait(30)
    worker.send_signal(signal.SIGTERM)
    signalled.set()
    assert worker.wait(20) == 0
    states = list(MailMessage.objects.order_by("pk").values_list("state", flat=True))
    assert "sending" not in states
    assert len(catcher.messages) == states.count("sent")
