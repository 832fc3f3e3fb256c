"""`manage.py work`, killed while it sends reminders: Telegram shows none twice, and a browser shows
the second of two in place of the first."""

import os
import random
import subprocess
import sys
from datetime import timedelta
from threading import Event, Lock

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from apps.accounts.models import PushSubscription, TelegramChat
from apps.accounts.models.push_subscription import password_digest
from apps.common.models import PeriodicJob
from apps.lessons.models import Reminder
from apps.lessons.reminders.jobs import remind
from tests.bot_api import TOKEN, BotApi
from tests.builders import HOUR, MINUTE, make_classroom, make_lesson, make_user
from tests.push_service import PushService
from tests.server import ROOT
from tests.test_mail_worker import database_url

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("mail_worker")]


@pytest.fixture
def bot(settings):
    with BotApi() as found:
        settings.EMAIL_URL, settings.PUSH_SERVICES = "", "any"
        settings.TELEGRAM_BOT_TOKEN, settings.TELEGRAM_API_URL = TOKEN, found.url
        yield found


@pytest.fixture
def start_worker(bot, settings, tmp_path):
    """Return a function that starts a worker on the database of this test."""
    started = []

    def start():
        PeriodicJob.objects.update(due_at=timezone.now() - MINUTE)
        process = subprocess.Popen(
            [sys.executable, "manage.py", "work"],
            cwd=ROOT,
            env={
                **os.environ,
                "DATA_DIR": str(tmp_path),
                "DATABASE_URL": database_url(),
                "SECRET_KEY": settings.SECRET_KEY,
                "PUSH_SERVICES": "any",
                "TELEGRAM_BOT_TOKEN": TOKEN,
                "TELEGRAM_API_URL": bot.url,
            },
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait(20)


def lessons_in_an_hour(tutor, number):
    """Lessons of a student each, of which the reminder of an hour before has just fallen due."""
    students = [make_user("student") for _each in range(number)]
    make_classroom(tutor, *students)
    starts_at = timezone.now() + HOUR - MINUTE
    for student in students:
        yesterday = timezone.now() - timedelta(days=1)
        make_lesson(tutor, student, starts_at, allow_overlap=True, updated_at=yesterday)
    return students


def kill_at_first_message(api, start_worker):
    reached, dead = Event(), Event()

    def wait_for_the_kill():
        if not dead.is_set():
            reached.set()
            dead.wait(20)

    api.on_message = wait_for_the_kill
    worker = start_worker()
    assert reached.wait(40)
    worker.kill()
    worker.wait(20)
    dead.set()
    remind(timezone.now() + 6 * MINUTE)  # when the lease of the dead worker is over


def test_telegram_message_of_a_killed_worker_is_not_repeated(bot, start_worker, tutor):
    [student] = lessons_in_an_hour(tutor, 1)
    TelegramChat.objects.create(user=student, chat_id=70)
    kill_at_first_message(bot, start_worker)
    assert len(bot.sent) == 1
    assert Reminder.objects.get().reason == "uncertain"


def test_push_message_of_a_killed_worker_is_repeated_under_its_tag(bot, start_worker, tutor):
    [student] = lessons_in_an_hour(tutor, 1)
    Session.objects.create(
        session_key="abc", session_data="", expire_date=timezone.now() + timedelta(days=1)
    )
    with PushService() as service:
        PushSubscription.objects.create(
            user=student,
            session_key="abc",
            password_digest=password_digest(student),
            endpoint=service.endpoint,
            **service.browser.keys,
        )
        kill_at_first_message(service, start_worker)
        messages = service.messages()
    assert len(messages) == 2
    assert messages[0] == messages[1]
    assert Reminder.objects.get().status == "sent"


def test_two_workers_killed_at_random_send_no_message_twice(bot, start_worker, tutor):
    for number, student in enumerate(lessons_in_an_hour(tutor, 40)):
        TelegramChat.objects.create(user=student, chat_id=100 + number)
    chance, lock, killed = random.Random(3), Lock(), []
    workers = [start_worker(), start_worker()]
    stirred = Event()

    def kill_one_at_times():
        with lock:
            running = [each for each in workers if each.poll() is None]
            if chance.random() < 0.15 and len(killed) < 3 and running:
                victim = chance.choice(running)
                victim.kill()
                victim.wait(20)
                killed.append(victim)
            stirred.set()

    bot.on_message = kill_one_at_times
    while len(killed) < 3 and stirred.wait(40) and len(bot.sent) < 40:
        stirred.clear()
        with lock:
            workers[:] = [each if each.poll() is None else start_worker() for each in workers]
            PeriodicJob.objects.update(due_at=timezone.now() - MINUTE)
    for worker in workers:
        worker.kill()
        worker.wait(20)
    bot.on_message = lambda: None
    for minutes in (6, 12):
        remind(timezone.now() + minutes * MINUTE)
    chats = [message["chat_id"] for message in bot.sent]
    assert killed
    assert len(chats) == len(set(chats))
    assert Reminder.objects.filter(status="queued").count() == 0
    assert Reminder.objects.filter(status="sent").count() <= len(chats)
    assert Reminder.objects.count() == 40
