"""Add push subscriptions and what links a Telegram chat to a person."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_notification_settings"),
    ]

    operations = [
        migrations.CreateModel(
            name="TelegramBot",
            fields=[
                (
                    "id",
                    models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False),
                ),
                ("username", models.CharField(blank=True, max_length=64)),
                ("next_update", models.BigIntegerField(default=0)),
                (
                    "paused_until",
                    models.DateTimeField(help_text="Telegram asked for a pause.", null=True),
                ),
            ],
            options={
                "verbose_name": "Telegram bot",
                "verbose_name_plural": "Telegram bots",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)), name="telegram_bot_single"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TelegramChat",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="telegram_chat",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("chat_id", models.BigIntegerField()),
                ("linked_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "Telegram chat",
                "verbose_name_plural": "Telegram chats",
                "constraints": [
                    models.UniqueConstraint(fields=("chat_id",), name="telegram_chat_of_one_person")
                ],
            },
        ),
        migrations.CreateModel(
            name="TelegramCode",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="telegram_code",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "digest",
                    models.CharField(
                        help_text="Of the code, which is in its link alone.", max_length=64
                    ),
                ),
                ("expires_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "Telegram code",
                "verbose_name_plural": "Telegram codes",
                "constraints": [
                    models.UniqueConstraint(fields=("digest",), name="telegram_code_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="PushSubscription",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("session_key", models.CharField(db_index=True, max_length=40)),
                (
                    "password_digest",
                    models.CharField(
                        help_text="Differs from the account's once the password has changed.",
                        max_length=16,
                    ),
                ),
                ("endpoint", models.URLField(max_length=1000)),
                (
                    "p256dh",
                    models.CharField(
                        help_text="The browser's public key (RFC 8291).", max_length=88
                    ),
                ),
                (
                    "auth",
                    models.CharField(help_text="The browser's secret (RFC 8291).", max_length=24),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="push_subscriptions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "push subscription",
                "verbose_name_plural": "push subscriptions",
                "ordering": ("id",),
                "constraints": [
                    models.UniqueConstraint(fields=("endpoint",), name="push_endpoint_once")
                ],
            },
        ),
    ]
