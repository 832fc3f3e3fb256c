"""The queue of mail (apps/common/mail_queue.py)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("common", "0001_periodic_job")]
    operations = [
        migrations.CreateModel(
            name="OutgoingMail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sender", models.CharField(max_length=998)),
                ("recipients", models.JSONField()),
                ("content", models.BinaryField(help_text="The whole message as RFC 5322 has it.")),
                ("created_at", models.DateTimeField(db_index=True)),
                ("try_at", models.DateTimeField(db_index=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                (
                    "unconfirmed",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Attempts whose end nobody wrote down: the process died in them.",
                    ),
                ),
            ],
        ),
    ]
