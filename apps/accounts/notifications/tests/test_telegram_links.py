"""Linking a Telegram chat by a one-time code, against a stand-in of the Bot API."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from apps.accounts.models import TelegramBot, TelegramChat
from apps.accounts.notifications.telegram_links import make_link, poll
from tests.bot_api import TOKEN, BotApi

pytestmark = pytest.mark.django_db
URL = "/settings/notifications/"


@pytest.fixture
def bot(settings):
    with BotApi() as found:
        settings.TELEGRAM_BOT_TOKEN, settings.TELEGRAM_API_URL = TOKEN, found.url
        poll(timezone.now())  # learns the bot's name
        yield found


def code_of(user, now=None):
    link = urlsplit(make_link(user, now or timezone.now()))
    assert (link.netloc, link.path) == ("t.me", "/kreida_test_bot")
    [code] = parse_qs(link.query)["start"]
    return code


def chats():
    return dict(TelegramChat.objects.values_list("user", "chat_id"))


def test_code_links_the_chat_once(bot, student, tutor):
    code = code_of(student)
    bot.write(f"/start {code}", chat=70)
    bot.write(f"/start {code}", chat=71)
    poll(timezone.now())
    assert chats() == {student.pk: 70}
    assert [each["chat_id"] for each in bot.sent] == [70, 71]
    assert bot.sent[0]["text"].startswith("Готово.")
    assert "недійсне" in bot.sent[1]["text"]


def test_update_that_is_read_again_after_a_crash_keeps_the_chat(bot, student):
    bot.write(f"/start {code_of(student)}")
    poll(timezone.now())
    TelegramBot.objects.update(next_update=0)
    poll(timezone.now())
    assert chats() == {student.pk: 70}
    assert "недійсне" not in bot.sent[1]["text"]


def test_updates_are_read_once(bot, student):
    bot.write("/start")
    poll(timezone.now())
    poll(timezone.now())
    assert len(bot.sent) == 1


def test_long_messages_of_strangers_do_not_stop_the_bot(bot, student):
    for chat in range(9):
        bot.write("ї" * 4096, chat=1000 + chat)
        bot.updates[-1]["message"]["reply_to_message"] = {"text": "ї" * 4096}
    bot.write(f"/start {code_of(student)}")
    poll(timezone.now())
    assert chats() == {student.pk: 70}


def test_expired_code_links_nothing(bot, student):
    old = code_of(student, timezone.now() - timedelta(minutes=10))
    bot.write(f"/start {old}")
    poll(timezone.now())
    assert chats() == {}


def test_replaced_code_links_nothing(bot, student):
    first = code_of(student)
    code_of(student)
    bot.write(f"/start {first}")
    poll(timezone.now())
    assert chats() == {}


def test_code_of_a_closed_account_links_nothing(bot, student):
    code = code_of(student)
    student.is_active = False
    student.save()
    bot.write(f"/start {code}")
    poll(timezone.now())
    assert chats() == {}


def test_chat_belongs_to_whom_it_was_linked_last(bot, student, tutor):
    for person in (student, tutor):
        bot.write(f"/start {code_of(person)}", chat=70)
    poll(timezone.now())
    assert chats() == {tutor.pk: 70}


@pytest.mark.parametrize("way", ["/stop", "block"])
def test_stop_or_blocking_the_bot_unlinks(bot, student, way):
    TelegramChat.objects.create(user=student, chat_id=70)
    if way == "/stop":
        bot.write(way)
    else:
        bot.add(my_chat_member={"chat": {"id": 70}, "new_chat_member": {"status": "kicked"}})
    poll(timezone.now())
    assert chats() == {}


def test_groups_are_ignored(bot, student):
    bot.write(f"/start {code_of(student)}", kind="group")
    poll(timezone.now())
    assert (chats(), bot.sent) == ({}, [])


def test_answers_are_in_the_language_of_the_writer(bot, student):
    bot.write("Hello", language="de")
    poll(timezone.now())
    assert bot.sent[0]["text"].startswith("To get reminders")


def test_failure_pauses_the_polling(bot, settings, caplog):
    settings.TELEGRAM_BOT_TOKEN = TOKEN.replace("AAF", "BBF")
    now = timezone.now()
    poll(now)
    calls = len(bot.calls)
    poll(now + timedelta(seconds=30))
    assert len(bot.calls) == calls
    poll(now + timedelta(minutes=1))
    assert len(bot.calls) > calls
    assert "BBF" not in caplog.text  # the log has no token


def test_page_offers_the_link_and_unlinks(bot, client, student):
    client.force_login(student, "allauth.account.auth_backends.AuthenticationBackend")
    assert "/settings/notifications/telegram/" in client.get(URL).content.decode()
    page = client.post(f"{URL}telegram/").content.decode()
    assert "https://t.me/kreida_test_bot?start=" in page
    TelegramChat.objects.create(user=student, chat_id=70)
    assert client.post(f"{URL}telegram/end/").status_code == 302
    assert chats() == {}


def test_page_says_so_before_the_bot_has_answered(client, student, settings):
    settings.TELEGRAM_BOT_TOKEN = TOKEN
    client.force_login(student, "allauth.account.auth_backends.AuthenticationBackend")
    assert "t.me" not in client.post(f"{URL}telegram/").content.decode()


def test_server_without_a_bot_offers_nothing(client, student):
    client.force_login(student, "allauth.account.auth_backends.AuthenticationBackend")
    assert "Telegram" not in client.get(URL).content.decode()
    assert client.post(f"{URL}telegram/").status_code == 404


@pytest.mark.parametrize(
    "update",
    [
        {"message": {"chat": {"id": 70, "type": "private"}, "text": "/start \ud800"}},
        {"message": {"chat": {"id": "x", "type": "private"}, "text": "/stop"}},
        {"message": {"chat": {"type": "private"}}},
        {"message": {"chat": {"id": 70, "type": "private"}, "from": None}},
        {"my_chat_member": {"chat": {"id": 70}}},
    ],
)
def test_message_that_cannot_be_handled_does_not_stop_later_ones(bot, student, caplog, update):
    bot.add(**update)
    bot.write(f"/start {code_of(student)}")
    poll(timezone.now())
    assert chats() == {student.pk: 70}
    assert [r.message for r in caplog.records if r.name == "kreida.telegram"] == [
        "A message to the bot could not be handled"
    ]
