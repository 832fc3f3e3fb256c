"""The channels besides mail by which people have asked to be reached."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.conf import settings

from apps.accounts.models import PushSubscription, TelegramChat
from apps.lessons.models import Reminder

Target = tuple[str, int]  # a channel, and the push subscription or 0


def load_channels(user_ids: Collection[int], now: datetime) -> Mapping[int, Sequence[Target]]:
    found: dict[int, list[Target]] = defaultdict(list)
    subscriptions = PushSubscription.objects.with_session(now).filter(user__in=user_ids)
    for each in subscriptions.select_related("user").order_by("pk"):
        if each.is_usable:
            found[each.user_id].append((Reminder.Channel.PUSH.value, each.pk))
    if settings.TELEGRAM_BOT_TOKEN:
        chats = TelegramChat.objects.filter(user__in=user_ids)
        for user_id in chats.values_list("user", flat=True):
            found[user_id].append((Reminder.Channel.TELEGRAM.value, 0))
    return found
