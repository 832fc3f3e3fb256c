"""Reminders by Telegram: sent once, paused when asked, ended by the person."""

from datetime import timedelta

import pytest

from apps.accounts.models import TelegramChat
from apps.lessons.models import Lesson, Reminder
from apps.lessons.reminders import delivery
from apps.lessons.reminders.delivery import send_queued
from apps.lessons.reminders.jobs import remind
from apps.lessons.reminders.queue import queue_due
from apps.lessons.reminders.tests.conftest import MINUTE, NOW
from tests.bot_api import TOKEN, BotApi

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot(settings, lesson, student):
    settings.EMAIL_URL = ""
    TelegramChat.objects.create(user=student, chat_id=70)
    with BotApi() as found:
        settings.TELEGRAM_BOT_TOKEN, settings.TELEGRAM_API_URL = TOKEN, found.url
        yield found


def states():
    return list(Reminder.objects.order_by("pk").values_list("status", "reason"))


def test_reminder_is_sent_to_the_chat_once(bot, lesson):
    Lesson.objects.update(title="Дроби")
    remind(NOW)
    remind(NOW + MINUTE)
    [sent] = bot.sent
    assert sent["chat_id"] == 70
    assert sent["text"].splitlines()[:2] == ["Урок: вівторок, 9 березня, 14:00", "Дроби"]
    assert sent["text"].endswith(f"/lessons/{lesson.pk}/")
    assert "Тарас" not in sent["text"]  # Telegram's servers learn no names
    assert states() == [("sent", "")]


def test_blocked_bot_ends_the_link(bot):
    bot.failures = [(403, {"ok": False, "error_code": 403})]
    remind(NOW)
    assert states() == [("dropped", "unreachable")]
    assert not TelegramChat.objects.exists()


def test_pause_that_telegram_asks_for_is_kept(bot):
    bot.failures = [(429, {"ok": False, "error_code": 429, "parameters": {"retry_after": 300}})]
    remind(NOW)
    send_queued(NOW + 4 * MINUTE)
    assert bot.sent == []
    send_queued(NOW + 5 * MINUTE)
    assert (len(bot.sent), states()) == (1, [("sent", "")])


def test_failure_of_the_server_delays(bot):
    bot.failures = [(502, {})]
    remind(NOW)
    assert states() == [("queued", "")]
    send_queued(NOW + MINUTE)
    assert states() == [("sent", "")]


def test_lost_answer_is_not_repeated(bot):
    """Telegram would show the message twice."""
    bot.failures = [(0, {})]
    remind(NOW)
    send_queued(NOW + timedelta(hours=1))
    assert states() == [("dropped", "uncertain")]


def test_message_of_a_worker_that_died_is_not_repeated(bot):
    queue_due(NOW)
    delivery._claim(NOW)
    send_queued(NOW + 5 * MINUTE)
    assert (states(), bot.sent) == ([("dropped", "uncertain")], [])


def test_unlinked_chat_gets_nothing(bot):
    queue_due(NOW)
    TelegramChat.objects.all().delete()
    send_queued(NOW)
    assert (states(), bot.sent) == ([("dropped", "unreachable")], [])
