"""Linking a person's Telegram chat by a one-time code, and what people write to the bot.

The worker asks the Bot API for news every few seconds, which also works behind a router; a webhook
would need a public address.
"""

import hashlib
import logging
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DataError, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from apps.accounts.models import TelegramBot, TelegramChat, TelegramCode, User
from apps.accounts.notifications.telegram import BotError, call, send_text
from apps.common.security_log import log_security_event

JOB_NAME = "telegram"
INTERVAL = timedelta(seconds=5)
CODE_LIFETIME = timedelta(minutes=10)
PAUSE = timedelta(minutes=1)  # after a failure
MAX_UPDATES = 100  # of one call
log = logging.getLogger("kreida.telegram")


def make_link(user: User, now: datetime) -> str:
    """Return the link that links whoever opens it in Telegram; "" before the bot has answered. An
    earlier link of the person stops working."""
    username = TelegramBot.objects.filter(pk=1).values_list("username", flat=True).first()
    if not username:
        return ""
    code = secrets.token_urlsafe(24)
    TelegramCode.objects.update_or_create(
        user=user, defaults={"digest": _digest(code), "expires_at": now + CODE_LIFETIME}
    )
    return f"https://t.me/{username}?start={code}"


def is_linked(user: User) -> bool:
    return TelegramChat.objects.filter(user=user).exists()


def unlink(user: User) -> None:
    TelegramCode.objects.filter(user=user).delete()
    if TelegramChat.objects.filter(user=user).delete()[0]:
        log_security_event("telegram_unlinked", user_id=user.pk)


def poll(now: datetime) -> None:
    """Read what people wrote to the bot since the last call; a periodic job."""
    bot, _created = TelegramBot.objects.get_or_create(pk=1)
    if bot.paused_until is not None and now < bot.paused_until <= now + PAUSE * 60:
        return
    try:
        if not bot.username:
            name = str(call("getMe")["username"])
            TelegramBot.objects.filter(pk=1).update(username=name)
        updates = call(
            "getUpdates",
            offset=bot.next_update,
            limit=MAX_UPDATES,
            timeout=0,
            allowed_updates=["message", "my_chat_member"],
        )
    except BotError as exc:
        wait = max(PAUSE, timedelta(seconds=exc.retry_after))
        TelegramBot.objects.filter(pk=1).update(paused_until=now + wait)
        log.warning("Telegram did not answer", extra={"data": {"reason": str(exc)}})
        return
    for update in updates:
        try:
            _handle(update, now)
        except (ArithmeticError, AttributeError, DataError, LookupError, TypeError, ValueError):
            # Of a shape that nobody foresaw: it would come again for ever, before all later ones.
            log.exception("A message to the bot could not be handled")
        # Another process may have read further.
        seen = int(update["update_id"]) + 1
        TelegramBot.objects.filter(pk=1, next_update__lt=seen).update(next_update=seen)


def _handle(update: dict[str, Any], now: datetime) -> None:
    """Handling an update twice, after a crash, changes nothing further."""
    membership = update.get("my_chat_member")
    if membership and membership["new_chat_member"]["status"] == "kicked":  # blocked the bot
        TelegramChat.objects.filter(chat_id=membership["chat"]["id"]).delete()
        return
    message = update.get("message") or {}
    if message.get("chat", {}).get("type") != "private":
        return
    command, _space, argument = str(message.get("text", "")).partition(" ")
    language = str(message.get("from", {}).get("language_code", ""))
    with translation.override("uk" if language.startswith("uk") else "en"):
        answer = _answer(command, argument.strip(), int(message["chat"]["id"]), now)
        send_text(message["chat"]["id"], answer)


def _answer(command: str, argument: str, chat_id: int, now: datetime) -> str:
    page = f"{settings.PUBLIC_URL}/settings/notifications/"
    if command == "/stop":
        TelegramChat.objects.filter(chat_id=chat_id).delete()
        return _("You will get no more reminders here.")
    if command == "/start" and argument:
        user = _link(argument, chat_id, now)
        if user is not None:
            return _("Done. Reminders of your lessons come here; /stop ends that.")
        if not TelegramChat.objects.filter(chat_id=chat_id).exists():
            return _("This link is no longer valid. Get a new one: %(url)s") % {"url": page}
    if TelegramChat.objects.filter(chat_id=chat_id).exists():
        return _("Reminders of your lessons come here; /stop ends that.")
    return _("To get reminders of your lessons here, open: %(url)s") % {"url": page}


@transaction.atomic
def _link(code: str, chat_id: int, now: datetime) -> User | None:
    """Use the code up; a chat of somebody else and a former chat of the person are replaced."""
    found = TelegramCode.objects.filter(
        digest=_digest(code), expires_at__gt=now, user__is_active=True
    )
    row = found.select_related("user").first()
    if row is None or not found.delete()[0]:
        return None
    TelegramChat.objects.filter(chat_id=chat_id).exclude(user=row.user).delete()
    TelegramChat.objects.update_or_create(user=row.user, defaults={"chat_id": chat_id})
    log_security_event("telegram_linked", user_id=row.user_id)
    return row.user


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
