from apps.accounts.models.erasure import Erasure
from apps.accounts.models.notification_settings import NotificationSettings, ReminderTime
from apps.accounts.models.push_subscription import PushSubscription
from apps.accounts.models.telegram import TelegramBot, TelegramChat, TelegramCode
from apps.accounts.models.tutor_block import TutorBlock
from apps.accounts.models.user import User

__all__ = [
    "Erasure",
    "NotificationSettings",
    "PushSubscription",
    "ReminderTime",
    "TelegramBot",
    "TelegramChat",
    "TelegramCode",
    "TutorBlock",
    "User",
]
