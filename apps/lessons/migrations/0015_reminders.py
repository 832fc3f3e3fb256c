"""Add reminders, and an index that finds the lessons that start next."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("classrooms", "0007_clean_names"),
        ("lessons", "0014_overlap_of_participants"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Reminder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("minutes", models.PositiveSmallIntegerField(verbose_name="minutes before")),
                (
                    "starts_at",
                    models.DateTimeField(
                        help_text="When it was queued; a lesson that moved has new reminders.",
                        verbose_name="lesson starts",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[
                            ("email", "e-mail"),
                            ("push", "browser"),
                            ("telegram", "Telegram"),
                        ],
                        max_length=8,
                        verbose_name="by",
                    ),
                ),
                (
                    "target",
                    models.BigIntegerField(
                        default=0,
                        help_text="The push subscription, else 0: one may be deleted, the row stays.",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("queued", "waiting"), ("sent", "sent"), ("dropped", "not sent")],
                        default="queued",
                        max_length=7,
                        verbose_name="status",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("cancelled", "the lesson was cancelled"),
                            ("moved", "the lesson was moved"),
                            ("left", "no longer takes part"),
                            ("inactive", "the account is closed"),
                            ("settings", "the person changed the settings"),
                            ("late", "it was too late"),
                            ("unreachable", "the person ended this way of notification"),
                            ("refused", "the service refused it"),
                            ("uncertain", "perhaps sent: the server stopped meanwhile"),
                        ],
                        max_length=12,
                        verbose_name="reason",
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                (
                    "claim",
                    models.CharField(
                        blank=True, help_text="Of the worker that is sending it.", max_length=32
                    ),
                ),
                ("try_at", models.DateTimeField(verbose_name="next attempt")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("finished_at", models.DateTimeField(null=True, verbose_name="finished")),
            ],
            options={
                "verbose_name": "reminder",
                "verbose_name_plural": "reminders",
                "ordering": ("-id",),
            },
        ),
        migrations.AddIndex(
            model_name="lesson",
            index=models.Index(
                condition=models.Q(("status", "scheduled")),
                fields=["starts_at"],
                name="lesson_scheduled_starts",
            ),
        ),
        migrations.AddField(
            model_name="reminder",
            name="lesson",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="reminders",
                to="lessons.lesson",
            ),
        ),
        migrations.AddField(
            model_name="reminder",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="reminders",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="reminder",
            index=models.Index(
                condition=models.Q(("status", "queued")),
                fields=["try_at", "id"],
                name="reminder_queued",
            ),
        ),
        migrations.AddIndex(
            model_name="reminder",
            index=models.Index(fields=["starts_at"], name="reminder_starts"),
        ),
        migrations.AddConstraint(
            model_name="reminder",
            constraint=models.UniqueConstraint(
                fields=("lesson", "user", "minutes", "starts_at", "channel", "target"),
                name="reminder_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="reminder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at", None), ("status", "queued")),
                    models.Q(("finished_at__isnull", False), ("status__in", ["sent", "dropped"])),
                    _connector="OR",
                ),
                name="reminder_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="reminder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("channel", "push"), ("target__gt", 0)),
                    models.Q(("channel__in", ["email", "telegram"]), ("target", 0)),
                    _connector="OR",
                ),
                name="reminder_channel_known",
            ),
        ),
    ]
