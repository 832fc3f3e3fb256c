"""The Telegram chat of a person, the one-time codes that link it, and where polling stands."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class TelegramChat(models.Model):
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="telegram_chat",
    )
    chat_id = models.BigIntegerField()
    linked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("Telegram chat")
        verbose_name_plural = _("Telegram chats")
        constraints = (
            models.UniqueConstraint(name="telegram_chat_of_one_person", fields=["chat_id"]),
        )

    def __str__(self) -> str:
        return f"Telegram chat of {self.user_id}"


class TelegramCode(models.Model):
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="telegram_code",
    )
    digest = models.CharField(max_length=64, help_text="Of the code, which is in its link alone.")
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("Telegram code")
        verbose_name_plural = _("Telegram codes")
        constraints = (models.UniqueConstraint(name="telegram_code_once", fields=["digest"]),)

    def __str__(self) -> str:
        return f"Telegram code of {self.user_id}"


class TelegramBot(models.Model):
    """One row: the bot's name and the first update that has not been read."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    username = models.CharField(max_length=64, blank=True)
    next_update = models.BigIntegerField(default=0)
    paused_until = models.DateTimeField(null=True, help_text="Telegram asked for a pause.")

    class Meta:
        verbose_name = _("Telegram bot")
        verbose_name_plural = _("Telegram bots")
        constraints = (models.CheckConstraint(name="telegram_bot_single", condition=Q(id=1)),)

    def __str__(self) -> str:
        return self.username
